import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { digests, type DigestsOptions } from "../../support/projector-definitions.mjs";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { storedRows } from "./digest-rows.ts";
import { Load, randomMoves } from "./load.ts";
import { killRounds } from "./rounds.ts";
import { Scene, type ProjectorOptions } from "./scene.ts";

interface Plan {
  readonly what: string;
  readonly projection: DigestsOptions;
  readonly mode: "serve" | "rebuild";
  readonly history: number;
  readonly repartitions?: boolean;
}

const plans: readonly Plan[] = [
  { what: "a rebuild", projection: { form: "fold" }, mode: "rebuild", history: 8_000 },
  { what: "3 partitions", projection: { form: "fold", partitions: 3 }, mode: "serve", history: 2_000 },
  {
    what: "2 partitions of handlers",
    projection: { form: "handlers", partitions: 2 },
    mode: "serve",
    history: 300,
  },
  {
    what: "partitions that are split and merged",
    projection: { form: "fold", partitions: 2 },
    mode: "serve",
    history: 2_000,
    repartitions: true,
  },
];

/** Each commit of rows takes a moment, so that a kill can hit it. */
async function slowDownCommits({ pool }: Scene): Promise<void> {
  await pool.query(`
    create function public.slow_down() returns trigger language plpgsql as $$
    begin
      if current_setting('slow.down', true) is distinct from pg_current_xact_id()::text then
        perform set_config('slow.down', pg_current_xact_id()::text, true), pg_sleep(0.015);
      end if;
      return null;
    end $$;
    create constraint trigger slow_down after insert or update on tidemark_digests_v1_b1.digests
      deferrable initially deferred for each row execute function public.slow_down()`);
}

/** Returns while rows are being committed, unless that takes too long to come. */
async function duringCommit({ pool }: Scene): Promise<void> {
  const committing = async () => {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'tidemark project'
         and state = 'active' and query ilike 'commit%'`,
    );
    return rowCount !== 0;
  };
  await waitFor(committing, { timeoutMs: 500, intervalMs: 1 }).catch(() => undefined);
}

const rounds = killRounds.flatMap((round, index) => {
  const plan = plans[index % plans.length];
  return plan === undefined ? [] : [{ ...round, ...plan }];
});

describe.each(rounds)("round $round, seed $seed: $what", (round) => {
  const { seed, kills, projection, mode, history, repartitions = false } = round;
  test(
    "killed at random moments, projectors apply each event once and in order",
    { timeout: 120_000 },
    async () => {
      await using scene = await Scene.open();
      const { bank, pool } = scene;
      const random = new SeededRandom(seed);
      await bank.append(randomMoves(random, history));
      const load = new Load(bank, random, { batch: projection.form === "fold" ? 10 : 3 });
      // Few rows and small pages: a kill finds it at every stage of its work.
      const limits = { maxCachedRows: 40, pageSize: 50 };
      const options: ProjectorOptions = { projection, mode, leaseMs: 400, limits };
      const start = () =>
        scene.start(repartitions ? { ...options, repartitionSeed: random.below(2 ** 31) } : options);
      let projector = start();
      for (let left = kills; left > 0; left -= 1) {
        const victim = projector;
        let done = false;
        void victim.exit.then(() => (done = true));
        // A rebuild may be complete before that.
        await waitFor(async () => done || (await scene.owns(victim)), {
          what: "a lease of the next to be killed",
        });
        if (left === kills) await slowDownCommits(scene);
        // Another one stands by meanwhile.
        projector = left === 1 ? scene.start({ ...options, mode: "serve" }) : start();
        if (random.chance(0.5)) await duringCommit(scene);
        else await delay(random.below(250));
        victim.kill("SIGKILL");
        await victim.exit;
      }
      await projector.waitForLine(/^ready/, { timeoutMs: 60_000 });
      await scene.projected(await load.stop());
      const served = await scene.rows();
      expect(served).toEqual(await scene.expected(projection.form));
      expect(await scene.parked()).toBe(0);

      const { schema } = await bank.supervisor([digests(projection)]).rebuild("digests");
      expect(await storedRows(pool, schema)).toEqual(served);
    },
  );
});

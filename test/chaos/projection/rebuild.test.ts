import { SubscriptionSupervisor, type ProjectionSupervisor } from "@tidemark/framework";
import { formatConsistencyToken } from "@tidemark/framework";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { digests, notices } from "../../support/projector-definitions.mjs";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { Load, randomMoves } from "./load.ts";
import { fewRounds } from "./rounds.ts";
import { Scene } from "./scene.ts";
import { Service } from "./service.ts";

const projection = { form: "handlers" } as const;
const definition = digests(projection);

interface Answer {
  readonly least: number;
  readonly moves: number;
}

/**
 * Asks how many moves there are until it is stopped: `acknowledged`, behind each write that it knows of; `history`, of
 * whatever serves, which has at least what was there before the first rebuild.
 */
class Queries {
  readonly answers: Answer[] = [];
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    scene: Scene,
    supervisor: ProjectionSupervisor,
    load: Load,
    history: number,
    behind: "acknowledged" | "history",
  ) {
    this.#running = this.#ask(scene, supervisor, load, history, behind);
    // Told by `stop`; a test that failed before that has its own reason.
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<readonly Answer[]> {
    this.#stopped = true;
    await this.#running;
    return this.answers;
  }

  async #ask(
    { bank }: Scene,
    supervisor: ProjectionSupervisor,
    load: Load,
    history: number,
    behind: "acknowledged" | "history",
  ): Promise<void> {
    while (!this.#stopped) {
      await delay(5);
      const withToken = behind === "acknowledged" && load.acknowledged > 0n;
      const least = withToken ? history + load.moves : history;
      const options = !withToken
        ? {}
        : { consistencyToken: formatConsistencyToken(bank.eventStore.storeId, load.acknowledged) };
      const { db } = await supervisor.query(definition, { ...options, waitSeconds: 20 });
      const { moves } = await db
        .selectFrom("digests" as never)
        .select(({ fn }) => fn.sum<bigint | null>("moves" as never).as("moves"))
        .executeTakeFirstOrThrow();
      this.answers.push({ least, moves: Number(moves) });
    }
  }
}

describe.each(fewRounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "a rebuild under live writes, killed and resumed, given up, begun anew and rolled back, hides nothing from any query",
    { timeout: 120_000 },
    async () => {
      await using scene = await Scene.open();
      const random = new SeededRandom(seed);
      const history = 2_000;
      await scene.bank.append(randomMoves(random, history));
      const server = scene.start({ projection, leaseMs: 1_000 });
      await server.waitForLine(/^ready/);
      const load = new Load(scene.bank, random, { batch: 3 });
      const supervisor = scene.bank.supervisor([definition]);
      const queries = new Queries(scene, supervisor, load, history, "acknowledged");
      const unbound = new Queries(scene, supervisor, load, history, "history");
      // Small pages, so that it lasts long enough to be killed.
      const options = { projection, mode: "rebuild", leaseMs: 400, limits: { pageSize: 100 } } as const;
      const building = async () =>
        (await supervisor.status())[0]?.builds.find(({ build }) => build.status === "building")?.build;

      const cancelled = scene.start(options);
      await cancelled.waitForLine(/^progress [1-9]/);
      expect(await supervisor.cancel("digests")).toBe(true);
      await cancelled.waitForLine(/rebuild-cancelled/);
      expect(await building()).toBeUndefined();

      let rebuild = scene.start(options);
      for (let kills = 0; kills < 2; kills += 1) {
        await rebuild.waitForLine(/^progress [1-9]/);
        await delay(random.below(100));
        rebuild.kill("SIGKILL");
        await rebuild.exit;
        rebuild = scene.start(options);
      }
      // The third, unless a kill came when it was complete.
      const [, activated] = await rebuild.waitForLine(/^activated (.*)$/, { timeoutMs: 60_000 });
      // Some more queries of the new one.
      const before = queries.answers.length;
      await waitFor(() => queries.answers.length > before + 10);
      await supervisor.rollback("digests");
      expect((await scene.activeBuild()).schema_name).not.toBe(activated);
      await scene.projected(await load.stop());
      for (const answers of [await queries.stop(), await unbound.stop()]) {
        expect(answers.length).toBeGreaterThan(20);
        expect(answers.filter(({ least, moves }) => moves < least)).toEqual([]);
      }
      expect(await scene.rows()).toEqual(await scene.expected(projection.form));
    },
  );

  test(
    "a replay calls nobody about history, also when it is killed in the middle",
    { timeout: 60_000 },
    async () => {
      await using service = await Service.start();
      await using scene = await Scene.open();
      const { eventStore, serializer, store } = scene.bank;
      const random = new SeededRandom(seed);
      const options = { notices: { service: service.url }, leaseMs: 400 };
      let process = scene.start(options);
      const handled = await scene.bank.append(randomMoves(random, 500));
      const passed = async (position: bigint) =>
        waitFor(() => scene.hasPassed("subscription:notices", position), { timeoutMs: 30_000 });
      await passed(handled);
      expect(service.notices).toHaveLength(500);
      service.notices.length = 0;

      const operator = new SubscriptionSupervisor({
        definitions: [notices(options.notices)],
        eventStore,
        serializer,
        store,
        applicationName: "operator",
      });
      await operator.replay("notices", { position: 0n });
      await delay(random.below(30));
      process.kill("SIGKILL");
      await process.exit;
      process = scene.start(options);
      await passed(handled);
      const fresh = await scene.bank.append(randomMoves(random, 5));
      await passed(fresh);
      await operator.close();
      expect(service.notices.map(({ position }) => BigInt(position))).toEqual(
        Array.from({ length: 5 }, (_, index) => fresh - 4n + BigInt(index)),
      );
    },
  );
});

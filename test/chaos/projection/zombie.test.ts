import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { digests, type DigestsOptions } from "../../support/projector-definitions.mjs";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { storedRows } from "./digest-rows.ts";
import { Load, randomMoves } from "./load.ts";
import { fewRounds, isLong } from "./rounds.ts";
import { Scene } from "./scene.ts";

/** From now on, until disposed of, the heartbeats of the process that has the only lease get no answer. */
async function stopHeartbeats(scene: Scene): Promise<Disposable> {
  const { rows } = await scene.pool.query<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and application_name = 'tidemark heartbeat'`,
  );
  for (const { pid } of rows) process.kill(pid, "SIGSTOP");
  return {
    [Symbol.dispose]: () => {
      for (const { pid } of rows) process.kill(pid, "SIGCONT");
    },
  };
}

async function compareWithRebuild(scene: Scene, projection: DigestsOptions): Promise<void> {
  const served = await scene.rows();
  expect(served).toEqual(await scene.expected(projection.form));
  const { schema } = await scene.bank.supervisor([digests(projection)]).rebuild("digests");
  expect(await storedRows(scene.pool, schema)).toEqual(served);
}

describe.runIf(process.platform === "linux").each(fewRounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "a projector that is stopped past its lease leaves it to another one when it goes on",
    { timeout: 60_000 },
    async () => {
      await using scene = await Scene.open();
      const random = new SeededRandom(seed);
      await scene.bank.append(randomMoves(random, 300));
      const projection: DigestsOptions = { form: "fold" };
      const options = { projection, leaseMs: 400, limits: { pageSize: 50, maxCachedRows: 40 } };
      const zombie = scene.start(options);
      await zombie.waitForLine(/^ready/);
      const heir = scene.start(options);
      await heir.waitForLine(/^started/);
      const load = new Load(scene.bank, random);
      await delay(random.below(50));
      zombie.kill("SIGSTOP");
      await waitFor(() => scene.owns(heir), { what: "the heir's lease" });
      await scene.projected(await scene.bank.append(randomMoves(random, 10)));
      zombie.kill("SIGCONT");
      await zombie.waitForLine(/another process has taken over/);
      await scene.projected(await load.stop());
      await compareWithRebuild(scene, projection);
      for (const process of [zombie, heir]) {
        process.kill("SIGTERM");
        expect(await process.exit, process.output).toEqual({ code: 0, signal: null });
      }
    },
  );

  test(
    "its commit is rejected, even when its heartbeats cannot tell it that the lease is gone",
    { timeout: 60_000 },
    async () => {
      await using scene = await Scene.open();
      const random = new SeededRandom(seed);
      const projection: DigestsOptions = { form: "handlers", handlerMs: 300 };
      const zombie = scene.start({ projection, announce: true, leaseMs: 400 });
      await zombie.waitForLine(/^ready/);
      const first = await scene.bank.append(randomMoves(random, 1));
      await zombie.waitForLine(new RegExp(`^handling ${first}$`));
      zombie.kill("SIGSTOP");
      using _ = await stopHeartbeats(scene);
      const heir = scene.start({ projection: { form: "handlers" }, leaseMs: 400 });
      await waitFor(() => scene.owns(heir), { what: "the heir's lease" });
      await scene.projected(await scene.bank.append(randomMoves(random, 20)));
      zombie.kill("SIGCONT");
      await zombie.waitForLine(/another process has taken over.*nothing was committed/);
      await scene.projected(await scene.bank.append(randomMoves(random, 20)));
      await compareWithRebuild(scene, { form: "handlers" });
    },
  );

  test.runIf(isLong)(
    "it holds nobody up for longer than a handler may take, and five seconds",
    { timeout: 60_000 },
    async () => {
      await using scene = await Scene.open();
      const random = new SeededRandom(seed);
      await scene.bank.append(randomMoves(random, 300));
      const projection: DigestsOptions = { form: "handlers", handlerMs: 2 };
      const options = { projection, announce: true, leaseMs: 400, limits: { handlerTimeoutMs: 500 } };
      const zombie = scene.start(options);
      // Rows that it has written are locked until its transaction ends.
      await zombie.waitForLine(/^handling 1\d$/);
      zombie.kill("SIGSTOP");
      const heir = scene.start(options);
      await heir.waitForLine(/^ready/);
      zombie.kill("SIGCONT");
      await scene.projected(await scene.bank.append(randomMoves(random, 10)));
      await compareWithRebuild(scene, projection);
    },
  );
});

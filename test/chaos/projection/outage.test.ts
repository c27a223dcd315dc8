import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../../support/test-database.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { Load, randomMoves } from "./load.ts";
import { OwnServer } from "./own-server.ts";
import { longRounds, outageMs } from "./rounds.ts";
import { Scene } from "./scene.ts";
import { Service } from "./service.ts";

/** Positions of the moves in the log. */
async function positions({ bank }: Scene): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { events } of bank.eventStore.readAll({ filter: { types: ["bank.Moved"] } }))
    found.push(...events.map(({ position }) => String(position)));
  return found;
}

/** The positions that a service was told of, each once, in the order of the first time. */
function toldOf(service: Service): readonly string[] {
  return [...new Set(service.notices.map(({ position }) => position))];
}

const onLinux = describe.runIf(process.platform === "linux");
const timeout = 2 * outageMs + 120_000;

onLinux.each(longRounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "a database that is killed under load and away for a while: everything resumes by itself, nothing is parked",
    { timeout },
    async () => {
      await using server = await OwnServer.start();
      await using service = await Service.start();
      await using scene = await Scene.open(server);
      const random = new SeededRandom(seed);
      const load = new Load(scene.bank, random);
      const projector = scene.start({
        projection: { form: "fold", partitions: 2 },
        notices: { service: service.url },
        leaseMs: 1_000,
        limits: { pageSize: 50, maxCachedRows: 40 },
      });
      await projector.waitForLine(/^ready/);
      await waitFor(() => service.notices.length > 0);
      // At once, and then for a while.
      for (const awayMs of [0, outageMs]) {
        await delay(random.below(300));
        const failures = load.failures;
        await server.kill();
        if (awayMs > 0) await waitFor(() => load.failures > failures, { timeoutMs: 60_000 });
        await delay(awayMs);
        await server.startAgain();
        const before = load.acknowledged;
        await waitFor(() => load.acknowledged > before, { timeoutMs: 60_000, what: "the writer to go on" });
      }
      const head = await load.stop();
      await scene.projected(head);
      expect(await scene.rows()).toEqual(await scene.expected());
      await waitFor(() => scene.hasPassed("subscription:notices", head), { timeoutMs: 60_000 });
      expect(toldOf(service)).toEqual(await positions(scene));
      expect(await scene.parked()).toBe(0);
      // It is still the same process.
      projector.kill("SIGTERM");
      expect(await projector.exit, projector.output).toEqual({ code: 0, signal: null });
    },
  );

  test(
    "a service that is away for a while is waited for, and told of everything in order",
    { timeout },
    async () => {
      await using service = await Service.start();
      await using scene = await Scene.open();
      const random = new SeededRandom(seed);
      // A single attempt that counts would park an event.
      const retry = { steps: 1, duration: 5, factor: 1, jitter: 0, cap: 50 };
      const projector = scene.start({ notices: { service: service.url, retry } });
      const load = new Load(scene.bank, random, { batch: 3 });
      await waitFor(() => service.notices.length > 0);
      // A call is under way when it goes.
      service.delayMs = 50;
      const calls = service.notices.length;
      await waitFor(() => service.notices.length > calls + 1);
      await service.down();
      service.delayMs = 0;
      await projector.waitForLine(/pauses until an outage is over/);
      await delay(outageMs);
      await service.up();
      const head = await load.stop();
      // What was written meanwhile goes out one call at a time.
      await waitFor(() => scene.hasPassed("subscription:notices", head), { timeoutMs: 60_000 + outageMs });
      expect(toldOf(service)).toEqual(await positions(scene));
      expect(await scene.parked()).toBe(0);
    },
  );

  test(
    "an older backup of the event store stops projectors with log-diverged, and a rebuild heals them",
    { timeout: 120_000 },
    async () => {
      await using server = await OwnServer.start();
      // The read models are elsewhere, and were not put back.
      const { connectionString: readModels, drop } = await createTestDatabase({
        template: eventStoreTemplate,
      });
      await using scene = await Scene.open({ connectionString: server.connectionString, readModels, drop });
      const random = new SeededRandom(seed);
      const projector = scene.start({ projection: { form: "fold" }, leaseMs: 1_000 });
      await projector.waitForLine(/^ready/);
      await scene.projected(await scene.bank.append(randomMoves(random, 200)));
      await server.kill();
      await server.backUp();
      await server.startAgain();
      const append = (count: number) =>
        waitFor(() => scene.bank.append(randomMoves(random, count)), { timeoutMs: 30_000 });
      const last = await append(100);
      await scene.projected(last);
      const before = await scene.rows();

      await server.kill();
      await server.restore();
      await server.startAgain();
      // The log grows beyond where the projector stood, with other events.
      expect(await append(300)).toBeGreaterThan(last);
      await projector.waitForLine(/log-diverged/, { timeoutMs: 30_000 });
      expect(await scene.rows()).toEqual(before);
      expect(await scene.parked()).toBe(0);

      const rebuild = scene.start({ projection: { form: "fold" }, mode: "rebuild" });
      await rebuild.waitForLine(/^activated/, { timeoutMs: 30_000 });
      await scene.projected(await append(10));
      expect(await scene.rows()).toEqual(await scene.expected());
    },
  );
});

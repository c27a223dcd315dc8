import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import {
  createApplication,
  EventSerializer,
  type Application,
  type Logger,
  type RebuildThreadOptions,
} from "@tidemark/framework";
import { postgresStorage } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import heavy, { Counted, hoard, loop, sums } from "./heavy-application.mjs";

const module = new URL("heavy-application.mjs", import.meta.url);
const program = fileURLToPath(new URL("rebuild-thread-process.js", import.meta.url));
const streams = 50;

let database: TestDatabase;
const applications: Application[] = [];
const logged: string[] = [];

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  logged.length = 0;
});
afterEach(async () => {
  delete process.env["HEAVY_HOARDS"];
  delete process.env["HEAVY_LOOPS"];
  for (const application of applications.splice(0)) await application.close();
  await database.drop();
});

const note = (fields: object, message: string) =>
  void logged.push(`${message} ${Object.values(fields).join(" ")}`);
const logger: Logger = { debug() {}, info: note, warn: note, error: note };

async function open(options: {
  readonly rebuildThread?: RebuildThreadOptions;
  readonly projections: "run" | "off";
}): Promise<Application> {
  const storage = postgresStorage({ database: database.connectionString });
  const application = createApplication(heavy, { storage, registry: null, leaseMs: 600, logger, ...options });
  applications.push(application);
  await application.start();
  return application;
}

/** Each stream gets 1, 2, 3 and so on, in turns. */
async function append(application: Application, from: number, to: number): Promise<void> {
  const serializer = new EventSerializer([Counted]);
  const context = {
    correlationId: randomUUID(),
    causationId: null,
    metadata: { actor: null, traceparent: null, user: {} },
  };
  for (let stream = 0; stream < streams; stream += 1) {
    const events = [];
    for (let at = from + stream; at < to; at += streams) {
      const amount = BigInt(Math.floor(at / streams) + 1);
      events.push(serializer.encode(Counted({ amount }), randomUUID(), context));
      if (events.length === 500 || at + streams >= to)
        await application.eventStore.append(`counter-${stream}`, events.splice(0));
    }
  }
}

/** What the read model that serves holds, added up. */
async function sumOf(projection: string): Promise<{ sum: bigint; rows: bigint; digest: string }> {
  const pool = createPool({ connectionString: database.connectionString, max: 1 });
  try {
    const { rows: builds } = await pool.query<{ schema: string }>(
      `select b.schema_name as schema from tidemark.projection_pointers p
       join tidemark.projection_builds b on b.id = p.build_id where p.projection = $1`,
      [projection],
    );
    const { rows } = await pool.query<{ sum: bigint; rows: bigint; digest: string }>(
      `select sum(sum)::bigint as sum, count(*) as rows, md5(string_agg(digest, ' ' order by id)) as digest
       from "${builds[0]?.schema ?? "?"}".sums`,
    );
    const [row] = rows;
    if (row === undefined) throw new Error("no read model serves");
    return row;
  } finally {
    await pool.end();
  }
}

/** The 99th percentile of how late this thread's timers are, in milliseconds. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  await work();
  histogram.disable();
  return histogram.percentile(99) / 1e6;
}

describe("a rebuild in a thread", () => {
  test("leaves the application's own thread free, which then goes on with the read model", async () => {
    const writer = await open({ projections: "off" });
    await append(writer, 0, 12_000);
    const own = await delayDuring(() => writer.projections.rebuild(sums.name));
    const inOwnThread = await sumOf(sums.name);

    const application = await open({ projections: "off", rebuildThread: { module, fromEvents: 1 } });
    const owners = new Set<string>();
    const beside = await delayDuring(async () => {
      const rebuilt = application.projections.rebuild(sums.name);
      let isOver = false;
      void rebuilt.finally(() => (isOver = true));
      while (!isOver) {
        for (const { builds } of await application.projections.status())
          for (const { holders } of builds) for (const { label } of holders) owners.add(label);
      }
      return rebuilt;
    });
    expect(await sumOf(sums.name)).toEqual(inOwnThread);
    expect([...owners].join()).toContain("heavy (rebuild thread)");
    // Measured: 225 here, 20 there. A page of folds takes 200 ms.
    expect(own).toBeGreaterThan(80);
    expect(beside).toBeLessThan(own / 2);

    const runner = await open({ projections: "run", rebuildThread: { module, fromEvents: 1 } });
    await runner.projections.whenReady();
    await append(runner, 12_000, 12_100);
    // Two more for each stream: the 241st and the 242nd.
    const sum = inOwnThread.sum + BigInt(streams * (241 + 242));
    await waitFor(async () => (await sumOf(sums.name)).sum >= sum);
    expect(await sumOf(sums.name)).toMatchObject({ rows: 50n, sum });
    await waitFor(async () => {
      const [status] = await runner.projections.status();
      return status?.builds.some(({ holders }) => holders.some(({ label }) => !label.includes("thread")));
    });
  });

  test("goes on in another process's thread when its own is killed with the process", async () => {
    const writer = await open({ projections: "off" });
    await append(writer, 0, 12_000);
    const child = spawnNode(program, [database.connectionString]);
    await child.waitForLine(/progress [1-9]/);
    child.kill("SIGKILL");
    await child.exit;
    expect(child.output).not.toContain("activated");
    const application = await open({ projections: "off", rebuildThread: { module, fromEvents: 1 } });
    await application.projections.rebuild(sums.name);
    // 240 events a stream.
    expect(await sumOf(sums.name)).toMatchObject({ rows: 50n, sum: BigInt((streams * 240 * 241) / 2) });
  });

  test("is cancelled, and its leases are free", async () => {
    const application = await open({ projections: "off", rebuildThread: { module, fromEvents: 1 } });
    await append(application, 0, 12_000);
    const rebuilt = application.projections.rebuild(sums.name);
    const refused = expect(rebuilt).rejects.toMatchObject({ code: "rebuild-cancelled" });
    await waitFor(async () => {
      const [status] = await application.projections.status();
      return status?.builds.some(({ holders }) => holders.length > 0);
    });
    expect(await application.projections.cancel(sums.name)).toBe(true);
    await refused;
    const [status] = await application.projections.status();
    expect(status?.builds.flatMap(({ holders }) => holders)).toEqual([]);
  });

  test("that takes too much memory is ended, and the application goes on", async () => {
    process.env["HEAVY_HOARDS"] = "1";
    const application = await open({
      projections: "off",
      rebuildThread: { module, fromEvents: 1, maxMemoryMegabytes: 64 },
    });
    await append(application, 0, 2_000);
    const stop = new AbortController();
    const rebuilt = application.projections.rebuild(hoard.name, { signal: stop.signal });
    const given = expect(rebuilt).rejects.toThrow("enough");
    await waitFor(() => logged.some((line) => line.includes("took more than 64 MiB")), { timeoutMs: 20_000 });
    expect(await application.isReady()).toBe(true);
    await append(application, 2_000, 2_100);
    stop.abort(new Error("enough"));
    await given;
    // With the fault gone, the next thread finishes what that one began.
    delete process.env["HEAVY_HOARDS"];
    await application.projections.rebuild(hoard.name);
  });

  test("that does not yield is cancelled all the same, and another one in the thread goes on", async () => {
    const marker = join(inject("testRun").folder, `loops-${process.pid}`);
    process.env["HEAVY_LOOPS"] = marker;
    const application = await open({ projections: "off", rebuildThread: { module, fromEvents: 1 } });
    await append(application, 0, 2_000);
    const stuck = application.projections.rebuild(loop.name);
    const refused = expect(stuck).rejects.toMatchObject({ code: "rebuild-cancelled" });
    await waitFor(() => existsSync(marker));
    const beside = application.projections.rebuild(sums.name);
    expect(await application.projections.cancel(loop.name)).toBe(true);
    await refused;
    expect(logged.join("\n")).toContain("does not yield: the thread is ended");
    await beside;
    // 40 events a stream.
    expect(await sumOf(sums.name)).toMatchObject({ rows: 50n, sum: BigInt((streams * 40 * 41) / 2) });
  });

  test("with a module of something else says so", async () => {
    const other = new URL("../../support/projector-definitions.mjs", import.meta.url);
    const application = await open({ projections: "off", rebuildThread: { module: other, fromEvents: 1 } });
    await append(application, 0, 100);
    const stop = new AbortController();
    const rebuilt = application.projections.rebuild(sums.name, { signal: stop.signal });
    const given = expect(rebuilt).rejects.toThrow("enough");
    await waitFor(() => logged.some((line) => line.includes("rebuildThread.module names the module")));
    stop.abort(new Error("enough"));
    await given;
  });
});

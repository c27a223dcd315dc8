import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { AppendJob, AppendResult } from "./append-job.ts";
import { createLimitTable } from "./append-limits.ts";
import { findPeer, installPeer } from "./append-peer.ts";
import { fillLog } from "./fill-log.ts";

/**
 * Events a second through PostgresEventStore, each workload beside what the bare driver reaches on a table with the
 * same rows and indexes, fsync and synchronous_commit on. Rounds alternate between the two; the median ratio counts.
 * Where the peer of append-peer.ts is installed, its rates stand beside ours, too.
 * BENCH_SECONDS (2) and BENCH_ROUNDS (3) make it longer, BENCH_FULL=1 adds 10 million events, DATABASE_URL points it
 * at another, empty PostgreSQL database.
 */
const seconds = Number(process.env["BENCH_SECONDS"] ?? 2);
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const full = process.env["BENCH_FULL"] === "1";
const only = process.env["BENCH_ONLY"];

interface Row {
  readonly name: string;
  readonly limit: string;
  readonly limitPerSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
  readonly bar: number;
  readonly residentMegabytes: number;
}

type Work = Pick<AppendJob, "target" | "callers" | "streams" | "eventsPerAppend" | "keys">;

const lone: Work = { target: "store", callers: 1, streams: 1, eventsPerAppend: 1, keys: false };
const many: Work = { target: "store", callers: 64, streams: 5_000, eventsPerAppend: 1, keys: false };
const large: Work = { target: "store", callers: 8, streams: 8, eventsPerAppend: 100, keys: false };

class Bench {
  readonly #connectionString: string;
  readonly #children: ChildProcess[] = [];

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  /** Events a second of so many processes at once, a fresh one each. */
  async measure(work: Work, processes = 1): Promise<{ perSecond: number; residentMegabytes: number }> {
    const children = Array.from({ length: processes }, () => this.#fork());
    const results = await Promise.all(
      children.map(async (child, index) => {
        const job: AppendJob = {
          ...work,
          connectionString: this.#connectionString,
          seconds,
          name: `bench${index}`,
        };
        child.send(job);
        const [message] = await Promise.race([once(child, "message"), died(child)]);
        child.kill();
        // The child's only message.
        return message as AppendResult;
      }),
    );
    return {
      perSecond: results.reduce((sum, { events, seconds: took }) => sum + events / took, 0),
      residentMegabytes: Math.max(...results.map((result) => result.residentMegabytes)),
    };
  }

  /** A workload and its limit by turns. */
  async compare(
    name: string,
    bar: number,
    limit: { readonly name: string; readonly work: Work },
    ours: { readonly work: Work; readonly processes?: number },
  ): Promise<Row> {
    const turns: Row[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { perSecond: limitPerSecond } = await this.measure(limit.work);
      const { perSecond, residentMegabytes } = await this.measure(ours.work, ours.processes);
      const ratio = perSecond / limitPerSecond;
      turns.push({ name, limit: limit.name, limitPerSecond, perSecond, ratio, bar, residentMegabytes });
    }
    const sorted = turns.toSorted((left, right) => left.ratio - right.ratio);
    const median = sorted[Math.floor(sorted.length / 2)];
    if (median === undefined) throw new Error("nothing was measured");
    return median;
  }

  close(): void {
    for (const child of this.#children) child.kill();
  }

  #fork(): ChildProcess {
    const child = fork(fileURLToPath(new URL("./append-process.js", import.meta.url)));
    this.#children.push(child);
    return child;
  }
}

async function died(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`an appending process ended with ${code}`);
}

/** Positions without a gap, revisions without a gap, no event twice. */
async function checkLog(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<Record<"events" | "last" | "ids" | "broken", bigint>>(
    `select count(*) as events, max(position) as last, count(distinct event_id) as ids,
       (select count(*) from (
         select stream_no from tidemark.events group by stream_no having count(*) <> max(revision) + 1) s) as broken
     from tidemark.events`,
  );
  const [log] = rows;
  if (log === undefined || log.events !== log.last || log.events !== log.ids || log.broken !== 0n)
    throw new Error(
      `the log has a gap or an event twice: ${JSON.stringify(log, (_, value) => String(value))}`,
    );
  process.stdout.write(`${log.events} events without a gap, none twice\n`);
}

/** Beside the closest TypeScript peer, where it is installed. */
function peerWorkloads(bench: Bench): readonly (readonly [string, () => Promise<Row>])[] {
  if (findPeer() === null) {
    process.stdout.write(`No ratio to a peer: ${installPeer}\n`);
    return [];
  }
  const peer = (work: Work) => ({ name: "peer", work: { ...work, target: "peer" } }) as const;
  return [
    ["peer", () => bench.compare("lone appends", 0, peer(lone), { work: lone })],
    ["peer", () => bench.compare("64 callers", 8, peer(many), { work: many })],
    ["peer", () => bench.compare("64 callers, keys", 5, peer(many), { work: { ...many, keys: true } })],
    ["peer", () => bench.compare("8 callers, 100 events", 0, peer(large), { work: large })],
  ];
}

async function measureAll(bench: Bench, pool: pg.Pool): Promise<Row[]> {
  const single = { name: "prepared INSERT", work: { ...lone, target: "insert" } } as const;
  const grouped = { name: "grouped INSERTs", work: { ...many, target: "grouped-insert" } } as const;
  const copy = { name: "COPY", work: { ...large, target: "copy" } } as const;
  const oneProcess = { name: "one process", work: many } as const;
  const workloads: readonly (readonly [string, () => Promise<Row>])[] = [
    ["lone", () => bench.compare("lone appends", 0.75, single, { work: lone })],
    ["lone", () => bench.compare("lone appends, keys", 0.6, single, { work: { ...lone, keys: true } })],
    ["many", () => bench.compare("64 callers", 0.6, grouped, { work: many })],
    ["many", () => bench.compare("64 callers, keys", 0.35, grouped, { work: { ...many, keys: true } })],
    ["copy", () => bench.compare("8 callers, 100 events", 0.85, copy, { work: large })],
    [
      "processes",
      () =>
        bench.compare("4 processes, 16 callers", 0.6, oneProcess, {
          work: { ...many, callers: 16 },
          processes: 4,
        }),
    ],
    [
      "processes",
      () => bench.compare("4 processes, 64 callers", 0.8, oneProcess, { work: many, processes: 4 }),
    ],
    ...peerWorkloads(bench),
  ];
  const rows: Row[] = [];
  for (const [group, measure] of workloads) {
    if (only === undefined || only === group) rows.push(await measure());
  }
  await checkLog(pool);
  if (full) rows.push(...(await measureFull(bench, pool)));
  return rows;
}

/** The same rates in an almost empty log and in one of 10 million events. */
async function measureFull(bench: Bench, pool: pg.Pool): Promise<Row[]> {
  const rates = async () => ({ many: await bench.measure(many), lone: await bench.measure(lone) });
  await fillLog(pool, 100_000);
  const small = await rates();
  await fillLog(pool, 10_000_000);
  const big = await rates();
  return (["many", "lone"] as const).map((work) => ({
    name: `${work === "many" ? "64 callers" : "lone appends"}, 10 million events`,
    limit: "100 thousand",
    limitPerSecond: small[work].perSecond,
    ...big[work],
    ratio: big[work].perSecond / small[work].perSecond,
    bar: 0.85,
  }));
}

function report(rows: readonly Row[]): void {
  const whole = (value: number) => Math.round(value).toLocaleString("en");
  const lines = [
    ["", "limit", "limit ev/s", "ours ev/s", "ratio", "bar", "MB"],
    ...rows.map(({ name, limit, limitPerSecond, perSecond, ratio, bar, residentMegabytes }) => [
      name,
      limit,
      whole(limitPerSecond),
      whole(perSecond),
      ratio.toFixed(2),
      bar.toFixed(2),
      whole(residentMegabytes),
    ]),
  ];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of lines) {
    const padded = line.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${padded.join("  ")}\n`);
  }
  const machine = { cpu: cpus()[0]?.model.trim(), cores: availableParallelism(), node: process.version };
  for (const row of rows) process.stdout.write(`${JSON.stringify({ bench: "append", ...row, machine })}\n`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "append-bench-"));
  const given = process.env["DATABASE_URL"];
  const embedded = given === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : null;
  const connectionString = given ?? (await embedded?.ensureDatabase("bench")) ?? "";
  const pool = createPool({ connectionString, max: 2, applicationName: "append-bench" });
  const bench = new Bench(connectionString);
  try {
    const store = new PostgresEventStore({ connectionString });
    await store.open();
    await store.close();
    await createLimitTable(pool);
    report(await measureAll(bench, pool));
  } finally {
    bench.close();
    await pool.end();
    await embedded?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { loadAggregates, loadJson } from "./read-load.ts";
import { fillReadLog, type ReadLog } from "./read-log-rows.ts";

/**
 * Loads and folds of streams, whole-log reads and sparse filters through PostgresEventStore, each beside what the bare
 * driver reaches on the same rows. Rounds alternate between the two; the median ratio counts. BENCH_SECONDS (1) and
 * BENCH_ROUNDS (5) make it longer, BENCH_EVENTS (1,000,000) changes the log, DATABASE_URL points it at another, empty
 * PostgreSQL database.
 */
const seconds = Number(process.env["BENCH_SECONDS"] ?? 1);
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 5);
const events = Number(process.env["BENCH_EVENTS"] ?? 1_000_000);
const pageSize = 1_000;

interface Row {
  readonly name: string;
  readonly limit: string;
  readonly limitPerSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
  readonly bar: number;
}

/** Runs an action for so many seconds; it answers how much it did. */
async function rate(action: () => Promise<number>): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < seconds * 1_000) done += await action();
  return (done / (performance.now() - start)) * 1_000;
}

type Measured = () => Promise<number>;

async function compare(
  name: string,
  bar: number,
  limit: { readonly name: string; readonly action: Measured },
  ours: Measured,
): Promise<Row> {
  const turns: Row[] = [];
  await rate(limit.action);
  await rate(ours);
  for (let round = 0; round < rounds; round += 1) {
    const limitPerSecond = await rate(limit.action);
    const perSecond = await rate(ours);
    turns.push({
      name,
      limit: limit.name,
      limitPerSecond,
      perSecond,
      ratio: perSecond / limitPerSecond,
      bar,
    });
  }
  const median = turns.toSorted((left, right) => left.ratio - right.ratio)[Math.floor(turns.length / 2)];
  if (median === undefined) throw new Error("nothing was measured");
  return median;
}

const undecoded: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

/** A prepared SELECT of the same columns, a thousand a page, as text that nobody decodes. */
async function barePages(client: pg.PoolClient, upTo: number): Promise<number> {
  let after: string | number = 0;
  let read = 0;
  for (;;) {
    const { rows }: pg.QueryArrayResult<string[]> = await client.query<string[]>({
      name: "bare_pages",
      rowMode: "array",
      types: undecoded,
      text: `select position, event_id, stream_no, revision, type_no, event_version, schema_no, encoding, data,
               correlation_id, causation_id, recorded_at, meta
             from tidemark.events where position > $1 and position <= $2 order by position limit ${pageSize}`,
      values: [after, upTo],
    });
    const last = rows.at(-1);
    if (last === undefined) return read;
    read += rows.length;
    after = last[0] ?? 0;
  }
}

async function storePages(store: PostgresEventStore, upTo: bigint, backwards = false): Promise<number> {
  let read = 0;
  const pages = backwards
    ? store.readAll({ direction: "backwards", after: upTo, pageSize })
    : store.readAll({ upTo, pageSize });
  for await (const page of pages) read += page.events.length;
  return read;
}

async function measureLoads(log: ReadLog, pool: pg.Pool, store: PostgresEventStore): Promise<Row[]> {
  const client = await pool.connect();
  const rows: Row[] = [];
  for (const { length, ids } of log.streams) {
    const limit = { name: "SELECT, JSON fold", action: () => loadJson(client, ids) };
    const cold = await loadAggregates(store, ids, false);
    const warm = await loadAggregates(store, ids, true);
    rows.push(await compare(`load ${length} events, cold`, 1, limit, cold));
    rows.push(await compare(`load ${length} events, warm`, 3, limit, warm));
  }
  client.release();
  return rows;
}

async function measurePages(pool: pg.Pool, store: PostgresEventStore): Promise<Row[]> {
  const client = await pool.connect();
  const upTo = Math.min(events, 200_000);
  const limit = { name: "paged SELECT", action: () => barePages(client, upTo) };
  const forwards = await compare("read all", 1, limit, () => storePages(store, BigInt(upTo)));
  const backwards = await compare("read all, backwards", 1, limit, () =>
    storePages(store, BigInt(upTo), true),
  );
  client.release();
  return [forwards, backwards];
}

/** How long a filter takes that matches ten events, at the median. */
async function sparse(store: PostgresEventStore, filter: object): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 15; turn += 1) {
    const start = performance.now();
    let found = 0;
    for await (const page of store.readAll({ filter })) found += page.events.length;
    if (found !== 10) throw new Error(`a sparse filter found ${found} events instead of 10`);
    times.push(performance.now() - start);
  }
  return times.toSorted((left, right) => left - right)[7] ?? Number.NaN;
}

function report(rows: readonly Row[], sparseTimes: ReadonlyMap<string, number>): void {
  const machine = { cpu: cpus()[0]?.model.trim(), cores: availableParallelism(), node: process.version };
  const cells = rows.map(({ name, limit, limitPerSecond, perSecond, ratio, bar }) => [
    name,
    Math.round(limitPerSecond).toLocaleString("en"),
    Math.round(perSecond).toLocaleString("en"),
    ratio.toFixed(2),
    bar.toFixed(2),
    limit,
  ]);
  const lines = [["", "limit/s", "ours/s", "ratio", "bar", "limit"], ...cells];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of lines) {
    const padded = line.map((cell, column) =>
      column === 0 || column === 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${padded.join("  ").trimEnd()}\n`);
  }
  for (const [name, ms] of sparseTimes)
    process.stdout.write(`${name}: ${ms.toFixed(1)} ms of ${events.toLocaleString("en")} events (bar: 50)\n`);
  for (const row of rows) process.stdout.write(`${JSON.stringify({ bench: "read", ...row, machine })}\n`);
  for (const [name, ms] of sparseTimes)
    process.stdout.write(`${JSON.stringify({ bench: "read", name, ms, bar: 50, events, machine })}\n`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "read-bench-"));
  const given = process.env["DATABASE_URL"];
  const embedded = given === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : null;
  const connectionString = given ?? (await embedded?.ensureDatabase("bench")) ?? "";
  const pool = createPool({ connectionString, max: 2, applicationName: "read-bench" });
  try {
    await using store = new PostgresEventStore({ connectionString, wakeup: "poll" });
    await store.open();
    const log = await fillReadLog(pool, store, events);
    const loads = await measureLoads(log, pool, store);
    const pages = await measurePages(pool, store);
    const sparseTimes = new Map([
      ["10 events of a type", await sparse(store, { types: ["bench.Closed"] })],
      ["10 events of a category", await sparse(store, { categories: ["rare"] })],
    ]);
    report([...loads, ...pages], sparseTimes);
  } finally {
    await pool.end();
    await embedded?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

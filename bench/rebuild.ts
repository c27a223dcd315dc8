import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import type { RebuildJob, RebuildResult } from "./rebuild-job.ts";
import { fillRebuildLog } from "./rebuild-log.ts";
import { deposit } from "./rebuild-model.ts";

/**
 * Rebuilds of read models, from the command to the activation, each beside what the bare driver reaches by hand with
 * the same events in the same run. Every measurement has a process of its own; rounds alternate, the median ratio
 * counts. BENCH_FULL=1 has 5 million events and 2 million keys; BENCH_ONLY names a workload, BENCH_ROUNDS (3) makes it
 * longer, DATABASE_URL points it at another PostgreSQL server, where it makes databases of its own.
 */
const full = process.env["BENCH_FULL"] === "1";
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const only = process.env["BENCH_ONLY"];

interface Row {
  readonly name: string;
  readonly events: number;
  readonly limit: string;
  readonly limitPerSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
  readonly bar: number;
  readonly residentMegabytes: number;
}

/** Runs one job in a process of its own. */
async function run(job: RebuildJob, events: number): Promise<RebuildResult & { readonly perSecond: number }> {
  const child = fork(fileURLToPath(new URL("./rebuild-process.js", import.meta.url)));
  const result = await new Promise<RebuildResult>((resolve, reject) => {
    child.once("message", (message: RebuildResult) => resolve(message));
    child.once("exit", (code) => reject(new Error(`a process ended with ${code}`)));
    child.send(job);
  });
  if (result.events !== events || BigInt(result.balance) !== BigInt(events) * deposit.amount)
    throw new Error(
      `${job.work}: ${result.events} events and ${result.balance} instead of all ${events} events`,
    );
  return { ...result, perSecond: events / result.seconds };
}

class Bench {
  readonly #server: string;
  readonly #databases = new Map<string, Promise<string>>();

  constructor(server: string) {
    this.#server = server;
  }

  /** The address of a database with a log of this size; made when it is first asked for. */
  log(events: number, accounts: number): Promise<string> {
    const name = `rebuild_bench_${events}_${accounts}`;
    const known = this.#databases.get(name) ?? this.#create(name, events, accounts);
    this.#databases.set(name, known);
    return known;
  }

  async drop(): Promise<void> {
    const pool = createPool({ connectionString: this.#server, max: 1, applicationName: "rebuild-bench" });
    for (const name of this.#databases.keys())
      await pool.query(`drop database if exists ${name} with (force)`);
    await pool.end();
  }

  async #create(name: string, events: number, accounts: number): Promise<string> {
    const pool = createPool({ connectionString: this.#server, max: 1, applicationName: "rebuild-bench" });
    await pool.query(`drop database if exists ${name} with (force)`);
    await pool.query(`create database ${name}`);
    await pool.end();
    const address = new URL(this.#server);
    address.pathname = name;
    await fillRebuildLog(address.href, { events, accounts });
    return address.href;
  }
}

/** Ours beside a limit on one log, in turns. */
async function compare(
  name: string,
  bar: number,
  connectionString: string,
  events: number,
  limit: RebuildJob["work"],
  ours: Omit<RebuildJob, "connectionString">,
): Promise<Row> {
  const turns: Row[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await run({ connectionString, work: limit }, events);
    const { perSecond, residentMegabytes } = await run({ connectionString, ...ours }, events);
    const ratio = perSecond / bare.perSecond;
    turns.push({
      name,
      events,
      limit,
      limitPerSecond: bare.perSecond,
      perSecond,
      ratio,
      bar,
      residentMegabytes,
    });
  }
  const median = turns.toSorted((left, right) => left.ratio - right.ratio)[Math.floor(turns.length / 2)];
  if (median === undefined) throw new Error("nothing was measured");
  return median;
}

type Workload = (bench: Bench) => Promise<readonly Row[]>;

const workloads: readonly (readonly [name: string, workload: Workload])[] = [
  [
    "fold",
    async (bench) => {
      const log = await bench.log(500_000, 20_000);
      return [await compare("fold form", 0.6, log, 500_000, "read and fold", { work: "fold" })];
    },
  ],
  [
    "long",
    async (bench) => {
      const [short, long] = [500_000, full ? 5_000_000 : 1_500_000];
      const logs = [await bench.log(short, 20_000), await bench.log(long, 20_000)] as const;
      const first = await run({ connectionString: logs[0], work: "fold" }, short);
      const second = await run({ connectionString: logs[1], work: "fold" }, long);
      const { perSecond, residentMegabytes } = second;
      const row = { name: "fold form, long log", events: long, limit: "the fold form's rate", bar: 0.85 };
      const ratio = perSecond / first.perSecond;
      return [{ ...row, limitPerSecond: first.perSecond, perSecond, ratio, residentMegabytes }];
    },
  ],
  [
    "keys",
    async (bench) => {
      const [events, keys] = full ? [3_000_000, 2_000_000] : [600_000, 400_000];
      const log = await bench.log(events, keys);
      const cached = { maxCachedRows: keys / 20, work: "fold" } as const;
      const larger = await compare("keys that do not fit", 0.7, log, events, "read back and upsert", cached);
      const fitting = { connectionString: log, work: "fold", maxCachedRows: 2 * keys } as const;
      const all = await run({ ...fitting, maxCachedBytes: 2 ** 31 }, events);
      const row = { name: "keys that fit", events, limit: "100,000 ev/s", limitPerSecond: 100_000, bar: 1 };
      const { perSecond, residentMegabytes } = all;
      return [larger, { ...row, perSecond, ratio: perSecond / 100_000, residentMegabytes }];
    },
  ],
  [
    "handlers",
    async (bench) => {
      const events = full ? 100_000 : 30_000;
      const log = await bench.log(events, 2_000);
      const one = { work: "handlers, 1 partition" } as const;
      const first = await compare("handlers form", 0.8, log, events, "bare handlers", one);
      const two = await run({ connectionString: log, work: "handlers, 2 partitions" }, events);
      const row = { name: "handlers form, 2 partitions", events, limit: "1 partition", bar: 1.4 };
      const { perSecond, residentMegabytes } = two;
      const ratio = perSecond / first.perSecond;
      return [first, { ...row, limitPerSecond: first.perSecond, perSecond, ratio, residentMegabytes }];
    },
  ],
];

function report(rows: readonly Row[]): void {
  const whole = (value: number) => Math.round(value).toLocaleString("en");
  const lines = [
    ["", "limit", "events", "limit ev/s", "ours ev/s", "ratio", "bar", "MB"],
    ...rows.map(({ name, limit, events, limitPerSecond, perSecond, ratio, bar, residentMegabytes }) => [
      name,
      limit,
      whole(events),
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
  for (const row of rows) process.stdout.write(`${JSON.stringify({ bench: "rebuild", ...row, machine })}\n`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "rebuild-bench-"));
  const given = process.env["DATABASE_URL"];
  const embedded = given === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : null;
  const bench = new Bench(given ?? (await embedded?.ensureDatabase("bench")) ?? "");
  try {
    const rows: Row[] = [];
    for (const [name, workload] of workloads) {
      if (only === undefined || only === name) rows.push(...(await workload(bench)));
    }
    report(rows);
  } finally {
    await bench.drop();
    await embedded?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

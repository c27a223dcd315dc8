import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import type { LagJob, LagResult } from "./projection-lag-job.ts";
import { fillRebuildLog } from "./rebuild-log.ts";

/**
 * How long an append takes until a query of the read model sees it, at steady rates, also beside a throttled rebuild
 * of another read model. BENCH_SECONDS (5) makes it longer, BENCH_FULL=1 appends 5,000 a second for 60 s; BENCH_ONLY
 * names a workload, DATABASE_URL points it at another PostgreSQL server.
 */
const full = process.env["BENCH_FULL"] === "1";
const seconds = Number(process.env["BENCH_SECONDS"] ?? 5);
const only = process.env["BENCH_ONLY"];

interface Workload {
  readonly key: string;
  readonly name: string;
  readonly job: Omit<LagJob, "connectionString">;
  /** Milliseconds; null where none is asked for. */
  readonly bars: { readonly p50: number | null; readonly p99: number };
}

const workloads: readonly Workload[] = [
  {
    key: "steady",
    name: "500 appends/s",
    job: { appendsPerSecond: 500, seconds, rebuildRate: null },
    bars: { p50: 3, p99: 20 },
  },
  {
    key: "rebuild",
    name: "500 appends/s beside a rebuild",
    job: { appendsPerSecond: 500, seconds, rebuildRate: 10_000 },
    bars: { p50: null, p99: 50 },
  },
  {
    key: "busy",
    name: "5,000 appends/s",
    job: { appendsPerSecond: 5_000, seconds: full ? 60 : 2 * seconds, rebuildRate: null },
    bars: { p50: null, p99: 250 },
  },
];

async function run(job: LagJob): Promise<LagResult> {
  const child = fork(fileURLToPath(new URL("./projection-lag-process.js", import.meta.url)));
  return new Promise<LagResult>((resolve, reject) => {
    child.once("message", (message: LagResult) => resolve(message));
    child.once("exit", (code) => reject(new Error(`a process ended with ${code}`)));
    child.send(job);
  });
}

type Row = Workload & { readonly result: LagResult };

function report(rows: readonly Row[]): void {
  const lines = [
    ["", "appends/s", "p50 ms", "bar", "p99 ms", "bar", "max ms", "missing", "MB", "growth MB"],
    ...rows.map(({ name, bars, result }) => [
      name,
      Math.round(result.appendsPerSecond).toLocaleString("en"),
      result.p50.toFixed(1),
      bars.p50 === null ? "" : String(bars.p50),
      result.p99.toFixed(1),
      String(bars.p99),
      result.max.toFixed(1),
      String(result.missing),
      Math.round(result.residentMegabytes).toString(),
      Math.round(result.growthMegabytes).toString(),
    ]),
  ];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of lines) {
    const padded = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${padded.join("  ")}\n`);
  }
  const machine = { cpu: cpus()[0]?.model.trim(), cores: availableParallelism(), node: process.version };
  for (const { name, bars, job, result } of rows) {
    const line = { bench: "projection-lag", name, ...job, ...result, bars, machine };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

/** A database with a log of this size, for one workload. */
async function withLog<T>(server: string, events: number, work: (url: string) => Promise<T>): Promise<T> {
  const name = "projection_lag_bench";
  const pool = createPool({ connectionString: server, max: 1, applicationName: "projection-lag-bench" });
  try {
    await pool.query(`drop database if exists ${name} with (force)`);
    await pool.query(`create database ${name}`);
    const address = new URL(server);
    address.pathname = name;
    await fillRebuildLog(address.href, { events, accounts: 2_000 });
    return await work(address.href);
  } finally {
    await pool.query(`drop database if exists ${name} with (force)`);
    await pool.end();
  }
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "projection-lag-bench-"));
  const given = process.env["DATABASE_URL"];
  const embedded = given === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : null;
  const server = given ?? (await embedded?.ensureDatabase("bench")) ?? "";
  try {
    const rows: Row[] = [];
    for (const workload of workloads) {
      if (only !== undefined && only !== workload.key) continue;
      // A rebuild must have enough to do for all of the time.
      const events = Math.max(20_000, 1.5 * (workload.job.rebuildRate ?? 0) * workload.job.seconds);
      const result = await withLog(server, events, (connectionString) =>
        run({ ...workload.job, connectionString }),
      );
      rows.push({ ...workload, result });
    }
    report(rows);
  } finally {
    await embedded?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

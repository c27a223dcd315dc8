import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkCompatibility, createRegistry } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import {
  createPool,
  migrateRegistry,
  postgresRegistryStorage,
  startEmbeddedPostgres,
} from "@tidemark/schema-registry/postgres";
import Fastify from "fastify";
import type { HttpLoad, HttpLoadResult } from "./http-load.ts";

/**
 * Compatibility checks, look-ups by id and registrations a second, each beside the limit: a bare Fastify route with
 * one query on the same PostgreSQL through a pool of the same size. Rounds alternate between the targets; the median
 * counts. BENCH_SECONDS (3) and BENCH_ROUNDS (3) make it longer, DATABASE_URL points it at another PostgreSQL.
 */
const seconds = Number(process.env["BENCH_SECONDS"] ?? 3);
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const connections = 50;
const poolSize = 10;
const subjects = 200;

interface Row {
  readonly name: string;
  readonly perSecond: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly limit?: string;
  readonly ratio?: number;
}

function recordText(name: string, fields: number, doc: string): string {
  const list = Array.from({ length: fields }, (_, index) => ({
    name: `field_${index}`,
    type: index % 3 === 0 ? ["null", "string"] : index % 3 === 1 ? "long" : "string",
    ...(index % 3 === 0 && { default: null }),
  }));
  return JSON.stringify({ type: "record", name, namespace: "bench", doc, fields: list });
}

/** Checks of a record of 20 fields against its next version, there and back. */
function checksPerSecond(): number {
  const older = parseSchema(recordText("Checked", 20, "one"));
  const newer = parseSchema(recordText("Checked", 19, "two"));
  const end = performance.now() + seconds * 1_000;
  const startedAt = performance.now();
  let checks = 0;
  while (performance.now() < end) {
    for (let index = 0; index < 100; index += 1) {
      checkCompatibility(newer, older);
      checkCompatibility(older, newer);
    }
    checks += 200;
  }
  return (checks / (performance.now() - startedAt)) * 1_000;
}

async function runLoad(child: ChildProcess, load: HttpLoad): Promise<HttpLoadResult> {
  child.send(load);
  const [result]: [HttpLoadResult] = await waitForMessage(child);
  return result;
}

async function waitForMessage(child: ChildProcess): Promise<[HttpLoadResult]> {
  const [message] = await once(child, "message");
  // The child's only message.
  return [message as HttpLoadResult];
}

function median(results: readonly HttpLoadResult[]): HttpLoadResult {
  const sorted = results.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

interface Target {
  readonly name: string;
  readonly port: number;
  readonly requests: HttpLoad["requests"];
}

async function measure(
  child: ChildProcess,
  targets: readonly Target[],
): Promise<Map<string, HttpLoadResult>> {
  const results = new Map<string, HttpLoadResult[]>();
  let start = 0;
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, port, requests } of targets) {
      const warmUp = round === 0;
      const result = await runLoad(child, {
        port,
        connections,
        seconds: warmUp ? 1 : seconds,
        requests,
        start,
      });
      start += 1_000_000;
      const failed = Object.entries(result.statuses).filter(([status]) => status !== "200");
      if (failed.length > 0) throw new Error(`${name} answered ${JSON.stringify(result.statuses)}`);
      if (!warmUp) results.set(name, [...(results.get(name) ?? []), result]);
    }
  }
  return new Map([...results].map(([name, list]) => [name, median(list)]));
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "registry-bench-"));
  const given = process.env["DATABASE_URL"];
  const embedded = given === undefined ? await startEmbeddedPostgres({ dataDir: folder }) : null;
  const connectionString = given ?? (await embedded?.ensureDatabase("bench")) ?? "";
  const schema = `registry_bench_${process.pid}`;
  const pool = createPool({ connectionString, max: poolSize, applicationName: "registry-bench" });
  const limitPool = createPool({ connectionString, max: poolSize, applicationName: "limit-bench" });
  const child = fork(fileURLToPath(new URL("./http-load-process.js", import.meta.url)));
  try {
    await migrateRegistry({ pool, schema });
    const registry = createRegistry({ storage: postgresRegistryStorage({ pool, schema }) });
    const ids: number[] = [];
    for (let index = 0; index < subjects; index += 1) {
      const text = recordText("Stored", 20, `subject ${index}`);
      ids.push((await registry.register(`bench-${index}`, { schema: text })).id);
    }
    const server = createRegistryServer({ registry });
    const serverUrl = await server.listen({ host: "127.0.0.1", port: 0 });
    const limit = Fastify();
    limit.get<{ Params: { id: string } }>("/limit/:id", async ({ params }) => {
      const { rows } = await limitPool.query(
        `select schema from ${schema}.schemas where context = '.' and id = $1`,
        [Number(params.id)],
      );
      return rows[0];
    });
    const limitUrl = await limit.listen({ host: "127.0.0.1", port: 0 });
    const port = Number(new URL(serverUrl).port);
    const limitTarget = {
      name: "limit",
      port: Number(new URL(limitUrl).port),
      requests: ids.map((id) => ({ method: "GET", path: `/limit/${id}` })),
    };
    const results = await measure(child, [
      limitTarget,
      {
        name: "GET /schemas/ids/{id}",
        port,
        requests: ids.map((id) => ({ method: "GET", path: `/schemas/ids/${id}` })),
      },
      {
        name: "GET /schemas/ids/{id}?subject=",
        port,
        requests: ids.map((id, index) => ({
          method: "GET",
          path: `/schemas/ids/${id}?subject=bench-${index}`,
        })),
      },
      {
        name: "POST .../versions (new version)",
        port,
        requests: ids.map((_, index) => ({
          method: "POST",
          path: `/subjects/bench-${index}/versions`,
          body: JSON.stringify({ schema: recordText("Stored", 20, "version {n}") }),
        })),
      },
      {
        name: "POST .../versions (known schema)",
        port,
        requests: ids.map((_, index) => ({
          method: "POST",
          path: `/subjects/bench-${index}/versions`,
          body: JSON.stringify({ schema: recordText("Stored", 20, `subject ${index}`) }),
        })),
      },
    ]);
    report([{ name: "compatibility checks (20 fields)", perSecond: checksPerSecond() }, ...rowsOf(results)]);
    await server.close();
    await limit.close();
  } finally {
    child.kill();
    await pool.query(`drop schema if exists ${schema} cascade`);
    await pool.end();
    await limitPool.end();
    await embedded?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function rowsOf(results: ReadonlyMap<string, HttpLoadResult>): readonly Row[] {
  const limit = results.get("limit")?.requestsPerSecond ?? Number.NaN;
  return [...results].map(([name, { requestsPerSecond, p50, p99 }]) => ({
    name: name === "limit" ? "limit: bare route, one query" : name,
    perSecond: requestsPerSecond,
    p50,
    p99,
    ratio: requestsPerSecond / limit,
  }));
}

function report(rows: readonly Row[]): void {
  const cells = rows.map(({ name, perSecond, p50, p99, ratio }) => [
    name,
    Math.round(perSecond).toLocaleString("en"),
    p50?.toFixed(2) ?? "",
    p99?.toFixed(2) ?? "",
    ratio?.toFixed(2) ?? "",
  ]);
  const lines = [["", "per second", "p50 ms", "p99 ms", "of the limit"], ...cells];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of lines) {
    const padded = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${padded.join("  ")}\n`);
  }
  const machine = { cpu: cpus()[0]?.model.trim(), cores: availableParallelism(), node: process.version };
  for (const { name, ...figures } of rows) {
    process.stdout.write(
      `${JSON.stringify({ bench: "registry", name, connections, ...figures, machine })}\n`,
    );
  }
}

await main();

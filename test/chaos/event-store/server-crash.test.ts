import { createPool, startEmbeddedPostgres } from "@tidemark/schema-registry/postgres";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { describe, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { makeServerFolder, readServerPid } from "../../support/server-folder.ts";
import { waitFor } from "../../support/wait-for.ts";
import { rounds, tortureMs } from "./rounds.ts";
import { SeededRandom } from "./seeded-random.mjs";
import { torture, type TortureReport } from "./torture.ts";

/** Ends the server and all of its processes at once, as a power cut does to what is in memory. */
async function killServer(dataDir: string): Promise<void> {
  const pid = await waitFor(() => readServerPid(dataDir));
  for (const each of [pid, ...(await childrenOf(pid))]) kill(each);
}

/** Ends the process of one appending session; PostgreSQL then ends all the others and recovers by itself. */
async function killSession(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'tidemark append'
     order by state = 'active' desc, random() limit 1`,
  );
  if (rows[0] !== undefined) kill(rows[0].pid);
}

async function childrenOf(parent: number): Promise<number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const status = await readFile(`/proc/${name}/status`, "utf8").catch(() => "");
      return status.includes(`\nPPid:\t${parent}\n`) ? Number(name) : null;
    }),
  );
  return found.filter((pid) => pid !== null);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

interface CrashReport extends TortureReport {
  /** When the server was there again after each crash, by the clock of the machine. */
  readonly back: readonly number[];
}

/** Tortures a server of its own, which is killed as a whole and session by session. */
async function crashUnderLoad(options: {
  readonly seed: number;
  readonly crashes: number;
  readonly durable: boolean;
}): Promise<CrashReport> {
  const { seed, crashes, durable } = options;
  const dataDir = await makeServerFolder();
  const first = await startEmbeddedPostgres({ dataDir, durable });
  const { port } = first;
  const servers = [first];
  const connectionString = await first.ensureDatabase("torture");
  await eventStoreTemplate.create(connectionString);
  const random = new SeededRandom(seed);
  const back: number[] = [];
  const report = await torture({
    connectionString,
    seed,
    processes: 3,
    during: async () => {
      for (let crash = 0; crash < crashes; crash += 1) {
        await delay(300 + random.below(700));
        if (crash % 2 === 0) {
          await killServer(dataDir);
          servers.push(await startEmbeddedPostgres({ dataDir, port, durable }));
        } else {
          const pool = createPool({ connectionString, max: 1, applicationName: "torture" });
          await killSession(pool);
          await pool.end();
        }
        back.push(Date.now());
      }
      await delay(1_000);
    },
  });
  for (const server of servers) await server.close();
  return { ...report, back };
}

describe.runIf(process.platform === "linux").each(rounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "a server that is killed under load and starts again has every acknowledged append",
    { timeout: 10 * tortureMs + 120_000 },
    async () => {
      const { violations, attempts, back } = await crashUnderLoad({
        seed,
        crashes: Math.max(2, Math.floor(tortureMs / 2_000)),
        durable: true,
      });
      expect(violations.slice(0, 20)).toEqual([]);
      const appended = attempts.filter(({ outcome }) => outcome === "appended");
      for (const time of back) expect(appended.some(({ startedAt }) => startedAt > time)).toBe(true);
    },
  );

  test(
    "a planted fault is found: the server answers before a commit is on disk",
    { timeout: 120_000 },
    async () => {
      const { violations } = await crashUnderLoad({ seed, crashes: 1, durable: false });
      expect(violations.some((violation) => violation.startsWith("lost:"))).toBe(true);
    },
  );
});

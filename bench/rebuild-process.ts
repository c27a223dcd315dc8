import { resourceUsage } from "node:process";
import { createApplication, type AnyProjection } from "@tidemark/framework";
import { postgresStorage } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import type { RebuildJob, RebuildResult } from "./rebuild-job.ts";
import { bareHandlers, readAndFold, readBackAndUpsert } from "./rebuild-limits.ts";
import definition from "./rebuild-application.ts";
import { balances, balancesByHandlers } from "./rebuild-model.ts";

/** A process that rebuilds, or does by hand what a rebuild is compared with: its peak of memory is that of nothing else. */
async function run(job: RebuildJob): Promise<RebuildResult> {
  const { events, seconds, balance } = await perform(job);
  const { maxRSS, userCPUTime, systemCPUTime } = resourceUsage();
  return {
    events,
    seconds,
    balance: String(balance),
    residentMegabytes: maxRSS / 1024,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  };
}

interface Measured {
  readonly events: number;
  readonly balance: bigint;
  readonly seconds: number;
}

async function perform(job: RebuildJob): Promise<Measured> {
  switch (job.work) {
    case "fold":
      return rebuild(job, balances);
    case "handlers, 1 partition":
      return rebuild(job, balancesByHandlers(1));
    case "handlers, 2 partitions":
      return rebuild(job, balancesByHandlers(2));
    default:
      return byHand(job);
  }
}

async function byHand({ connectionString, work }: RebuildJob): Promise<Measured> {
  const pool = createPool({ connectionString, max: 2, applicationName: "rebuild-bench" });
  const reader = await pool.connect();
  const writer = await pool.connect();
  try {
    const start = performance.now();
    const done =
      work === "read and fold"
        ? await readAndFold(reader)
        : work === "read back and upsert"
          ? await readBackAndUpsert(reader, writer)
          : await bareHandlers(connectionString, reader);
    return { ...done, seconds: (performance.now() - start) / 1_000 };
  } finally {
    reader.release();
    writer.release();
    await pool.end();
  }
}

/** From the command to the activation. */
async function rebuild(job: RebuildJob, { name }: AnyProjection): Promise<Measured> {
  const { connectionString, maxCachedRows, maxCachedBytes } = job;
  await using application = createApplication(definition, {
    storage: postgresStorage({ database: connectionString }),
    registry: null,
    projections: "off",
    projectors: {
      ...(maxCachedRows === undefined ? {} : { maxCachedRows }),
      ...(maxCachedBytes === undefined ? {} : { maxCachedBytes }),
    },
    rebuildThread: {
      module: new URL("./rebuild-application.js", import.meta.url),
      fromEvents: 1,
      maxMemoryMegabytes: 4_096,
    },
  });
  await application.start();
  const { projections } = application;
  const start = performance.now();
  let events = 0n;
  const build = await projections.rebuild(name, {
    onProgress: (progress) => {
      events = progress.events;
    },
  });
  const seconds = (performance.now() - start) / 1_000;
  const pool = createPool({ connectionString, max: 1, applicationName: "rebuild-bench" });
  const { rows } = await pool.query<{ total: string; events: bigint }>(
    `select (select sum(balance)::text from "${build.schema}".balances) as total,
       (select min(events) from tidemark.checkpoints where subscription = '${build.subscription}') as events`,
  );
  await pool.end();
  await projections.confirm(name);
  return { events: Number(rows[0]?.events ?? events), balance: BigInt(rows[0]?.total ?? 0), seconds };
}

process.on("message", (job: RebuildJob) => {
  run(job).then(
    (result) => {
      process.send?.(result);
      process.disconnect();
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});

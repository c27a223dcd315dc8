import { resourceUsage } from "node:process";
import type { AppendJob, AppendResult, AppendTarget } from "./append-job.ts";
import { copyTarget, groupedInsertTarget, insertTarget } from "./append-limits.ts";
import { peerTarget } from "./append-peer.ts";
import { storeTarget } from "./append-store.ts";

/** A process that appends: its peak of memory is that of nothing else. */
const targets = {
  store: storeTarget,
  insert: insertTarget,
  "grouped-insert": groupedInsertTarget,
  copy: copyTarget,
  peer: peerTarget,
} satisfies Record<AppendJob["target"], (job: AppendJob) => Promise<AppendTarget>>;

const warmUpSeconds = 0.5;

async function run(job: AppendJob): Promise<AppendResult> {
  const target = await targets[job.target](job);
  // Plans, the catalogue and the streams are there when the clock starts.
  await drive(target, job, warmUpSeconds);
  const { events, seconds } = await drive(target, job, job.seconds);
  await target.close();
  return { events, seconds, residentMegabytes: resourceUsage().maxRSS / 1024 };
}

async function drive(target: AppendTarget, { callers, eventsPerAppend }: AppendJob, seconds: number) {
  const startedAt = performance.now();
  const end = startedAt + seconds * 1_000;
  let appends = 0;
  const call = async (caller: number) => {
    while (performance.now() < end) {
      await target.append(caller);
      appends += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { events: appends * eventsPerAppend, seconds: (performance.now() - startedAt) / 1_000 };
}

process.on("message", (job: AppendJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});

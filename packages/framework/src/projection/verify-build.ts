import { TidemarkError } from "../errors.ts";
import type { PartitionReport } from "../subscription/partition-store.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { RunnerEnvironment } from "./build-runner.ts";
import type { Build, BuildState } from "./build.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { recompute } from "./recompute.ts";
import type { Comparison } from "./scratch-builds.ts";

/** What a verification has found. */
export interface Verification extends Comparison {
  /** The build that was compared. */
  readonly build: Build;
  /** Where its slowest partition stood at that moment. */
  readonly position: bigint;
  /** Sequences of it that are parked: their rows differ until they are retried or discarded. */
  readonly parkedSequences: number;
}

export interface VerifyOptions {
  /** Told how many of about how many events have been recomputed. */
  readonly onProgress?: (events: bigint, total: bigint) => void;
  readonly signal?: AbortSignal;
}

/** How many differing rows are told. */
const toldDifferences = 100;

/**
 * Recomputes a build that serves with today's code, beside it, and compares the rows. First up to where it stands at
 * the beginning, then, for a short while, up to a snapshot of it.
 */
export async function verifyBuild(
  projection: AnyProjection,
  { build: live, events: total, parked }: BuildState,
  environment: RunnerEnvironment,
  { onProgress, signal }: VerifyOptions,
): Promise<Verification> {
  const { store } = environment;
  const partitions = await store.partitions.partitions(live.subscription);
  const scratch = await store.scratch.create(projection, {
    fingerprint: fingerprintOf(projection),
    partitions,
  });
  let events = 0n;
  const options = {
    signal,
    onEvents: (handled: number) => {
      events += BigInt(handled);
      onProgress?.(events, total > events ? total : events);
    },
  };
  try {
    await recompute(projection, scratch, partitions, environment, options);
    let position = 0n;
    const comparison = await store.scratch.compare(live, scratch, {
      limit: toldDifferences,
      signal,
      recompute: async (now) => {
        refuseOtherRanges(projection, partitions, now);
        position = now.reduce(
          (least, at) => (at.position < least ? at.position : least),
          now[0]?.position ?? 0n,
        );
        await recompute(projection, scratch, now, environment, options);
      },
    });
    return { ...comparison, build: live, position, parkedSequences: parked.sequences };
  } finally {
    await store.scratch.drop(scratch);
  }
}

/** The parts would end at positions of their own. */
function refuseOtherRanges(
  { name }: AnyProjection,
  before: readonly PartitionReport[],
  now: readonly PartitionReport[],
): void {
  const ranges = (list: readonly PartitionReport[]): string =>
    list.map(({ number, from, to }) => `${number}:${from}-${to}`).join();
  if (ranges(before) === ranges(now)) return;
  throw new TidemarkError(
    "build-refused",
    `The partitions of ${name} were split or merged while it was verified: verify it again.`,
  );
}

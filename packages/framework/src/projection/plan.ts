import { TidemarkError, type FieldError } from "../errors.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { BuildState } from "./build.ts";
import { compareFingerprints } from "./fingerprint.ts";

/**
 * - `none`: its read model serves.
 * - `build`: this version has no read model; one is built from position zero.
 * - `resume`: one is under way, and goes on.
 * - `catch-up`: its read model was left behind for another version, and is brought up to date before it serves again.
 * - `refused`: its definition changed without a new version, so the start fails.
 */
export type PlannedAction = "none" | "build" | "resume" | "catch-up" | "refused";

/** What the start of this code does about one projection. */
export interface ProjectionPlan {
  readonly projection: string;
  readonly version: number;
  readonly action: PlannedAction;
  /** The version that is active now; `null` for none. */
  readonly activeVersion: number | null;
  /** What changed, of a refused one. */
  readonly changes: readonly FieldError[];
  /** Events that would be handled: counted in a short log, estimated from samples in a long one. */
  readonly estimatedEvents: bigint;
}

/** A log of so many positions is counted. */
const countedPositions = 20_000n;

const samples = 20n;

/** What the start would do about one projection, without doing it. */
export async function planProjection(
  definition: AnyProjection,
  states: readonly BuildState[],
  eventStore: EventStore,
  signal?: AbortSignal,
): Promise<ProjectionPlan> {
  const { name: projection, version } = definition;
  const builds = states.filter(({ build }) => build.projection === projection);
  const own = builds.filter(({ build }) => build.version === version);
  const active = builds.find(({ build }) => build.status === "active")?.build.version ?? null;
  const planned = { projection, version, activeVersion: active, changes: [] };
  const changes = changesOf(definition, own[0]);
  if (changes.length > 0) return { ...planned, action: "refused", changes, estimatedEvents: 0n };
  const left = own.find(({ build }) => build.serving);
  const building = own.find(({ build }) => build.status === "building");
  const action = actionFor(left, building);
  const from = left === undefined ? building : left;
  const after = from === undefined ? 0n : slowestOf(from);
  const head = await eventStore.head();
  const estimatedEvents =
    action === "none" ? 0n : await estimateEvents(definition, eventStore, { after, head, signal });
  return { ...planned, action, estimatedEvents };
}

function actionFor(serving: BuildState | undefined, building: BuildState | undefined): PlannedAction {
  if (serving === undefined) return building === undefined ? "build" : "resume";
  return serving.build.status === "retired" ? "catch-up" : "none";
}

function changesOf(definition: AnyProjection, state: BuildState | undefined): readonly FieldError[] {
  if (state === undefined) return [];
  try {
    compareFingerprints(definition, state.build.fingerprint);
    return [];
  } catch (error) {
    if (error instanceof TidemarkError) return error.errors;
    throw error;
  }
}

function slowestOf({ positions }: BuildState): bigint {
  return (
    positions.reduce<bigint | null>(
      (least, { position }) => (least === null || position < least ? position : least),
      null,
    ) ?? 0n
  );
}

/** How many of a projection's events there are behind a position. */
async function estimateEvents(
  { events }: AnyProjection,
  eventStore: EventStore,
  range: { readonly after: bigint; readonly head: bigint; readonly signal: AbortSignal | undefined },
): Promise<bigint> {
  const { after, head, signal } = range;
  const length = head - after;
  if (length <= 0n) return 0n;
  const filter = { types: events.map(({ recordName }) => recordName) };
  const count = async (from: bigint, upTo: bigint): Promise<bigint> => {
    let found = 0n;
    const options = signal === undefined ? {} : { signal };
    for await (const page of eventStore.readAll({ ...options, after: from, upTo, filter }))
      found += BigInt(page.events.length);
    return found;
  };
  if (length <= countedPositions) return count(after, head);
  const stride = length / samples;
  const width = stride / 50n + 500n;
  let found = 0n;
  for (let sample = 0n; sample < samples; sample += 1n) {
    const from = after + sample * stride;
    found += await count(from, from + width);
  }
  return (found * length) / (samples * width);
}

import { TidemarkError } from "../errors.ts";
import type { BuildDirectory } from "./build-directory.ts";
import type { Build, BuildProgress, BuildState } from "./build.ts";
import { waitsForParked } from "./projection-status.ts";

export interface FollowOptions {
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Watches a build, whichever process works on it, until it is under way no more.
 *
 * @throws TidemarkError `rebuild-cancelled`; `build-has-parked` when it is complete and may not serve yet; the signal's
 * reason.
 */
export async function followRebuild(
  projection: string,
  id: bigint,
  options: {
    readonly directory: BuildDirectory;
    readonly withOwnProgress: (state: BuildState) => BuildState;
    readonly refuseWhenClosed: () => void;
    readonly onProgress: ((progress: BuildProgress) => void) | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Build> {
  const { directory, withOwnProgress, refuseWhenClosed, onProgress, signal } = options;
  for (;;) {
    await directory.refresh();
    const found = directory.states.find(({ build }) => build.id === id);
    if (found === undefined) throw cancelled(projection);
    const { build, progress } = withOwnProgress(found);
    onProgress?.({ ...progress, build, target: build.target });
    if (build.status === "retired" && !build.serving) throw cancelled(projection);
    if (build.status !== "building") return build;
    if (waitsForParked(found, directory.states)) throw hasParked(found);
    const pause = AbortSignal.any([AbortSignal.timeout(250), ...(signal === undefined ? [] : [signal])]);
    await directory.nextRefresh(pause);
    signal?.throwIfAborted();
    refuseWhenClosed();
  }
}

function cancelled(projection: string): TidemarkError {
  return new TidemarkError(
    "rebuild-cancelled",
    `The rebuild of ${projection} was cancelled: nothing has changed.`,
  );
}

function hasParked({ build, parked }: BuildState): TidemarkError {
  const { projection, number, returning } = build;
  return new TidemarkError(
    "build-has-parked",
    `Build ${number} of ${projection} is complete, but ${parked.sequences} of its sequences are parked, so the one before ` +
      `goes on serving. Retry or discard them, and it serves by itself; or ${returning ? "roll back" : "rebuild"} again ` +
      "and let it serve with them (activateWithParked, --activate-with-parked).",
    { details: { projection, build: number, parked: parked.sequences } },
  );
}

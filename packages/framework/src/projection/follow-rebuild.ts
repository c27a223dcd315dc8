import { TidemarkError } from "../errors.ts";
import type { BuildDirectory } from "./build-directory.ts";
import type { Build, BuildProgress, BuildState } from "./build.ts";

/**
 * Watches a build, whichever process works on it, until it is under way no more.
 *
 * @throws TidemarkError `rebuild-cancelled`; the signal's reason.
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
    if (found === undefined) {
      throw new TidemarkError(
        "rebuild-cancelled",
        `The rebuild of ${projection} was cancelled: nothing has changed.`,
      );
    }
    const { build, progress } = withOwnProgress(found);
    onProgress?.({ ...progress, build, target: build.target });
    if (build.status !== "building") return build;
    const pause = AbortSignal.any([AbortSignal.timeout(250), ...(signal === undefined ? [] : [signal])]);
    await directory.nextRefresh(pause);
    signal?.throwIfAborted();
    refuseWhenClosed();
  }
}

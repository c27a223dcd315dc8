import type { AnyProjection } from "./any-projection.ts";
import type { BuildDirectory } from "./build-directory.ts";
import type { BuildRunners } from "./build-runners.ts";

/** Works on one build until it is under way no more or the signal aborts; its leases are free afterwards. */
export async function finishBuild(
  id: bigint,
  options: {
    readonly definitions: ReadonlyMap<string, AnyProjection>;
    readonly directory: BuildDirectory;
    readonly runners: BuildRunners;
    readonly startDelayMs: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { definitions, directory, runners, startDelayMs, signal } = options;
  try {
    while (!signal.aborted) {
      const build = directory.states.find((state) => state.build.id === id)?.build;
      if (build?.status !== "building") return;
      const definition = definitions.get(build.projection);
      if (definition?.version !== build.version) return;
      runners.run(definition, build, startDelayMs);
      await directory.nextRefresh(signal);
    }
  } finally {
    await runners.end(id);
  }
}

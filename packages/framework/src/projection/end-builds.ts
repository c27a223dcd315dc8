import type { BuildDirectory } from "./build-directory.ts";
import type { BuildRunners } from "./build-runners.ts";
import type { Build } from "./build.ts";
import type { ProjectionStore } from "./projection-store.ts";

/** Gives up every build of the projection that is under way; false when there was none. */
export async function cancelBuilds(
  projection: string,
  directory: BuildDirectory,
  runners: BuildRunners,
  store: ProjectionStore,
): Promise<boolean> {
  let cancelled = false;
  for (const { build } of directory.states) {
    if (build.projection !== projection || build.status !== "building") continue;
    await runners.end(build.id);
    cancelled = (await store.cancel(build)) || cancelled;
  }
  return cancelled;
}

/** Drops the projection's retired builds that nobody works on, and names them. */
export async function dropRetiredBuilds(
  projection: string,
  directory: BuildDirectory,
  store: ProjectionStore,
): Promise<readonly Build[]> {
  const retired = directory.states.filter(
    ({ build }) => build.projection === projection && build.status === "retired",
  );
  const dropped = await Promise.all(
    retired.map(async ({ build }) => ((await store.drop(build)) ? build : null)),
  );
  return dropped.filter((build) => build !== null);
}

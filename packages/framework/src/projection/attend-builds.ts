import type { AnyProjection } from "./any-projection.ts";
import type { BuildDirectory } from "./build-directory.ts";
import type { BuildRunners } from "./build-runners.ts";

/** Runs the builds of a projection here as soon as, and while, no process works on them; until it is disposed of. */
export function attendBuilds(
  definition: AnyProjection,
  directory: BuildDirectory,
  runners: BuildRunners,
): AsyncDisposable {
  const stop = new AbortController();
  const attended = new Set<bigint>();
  const attending = (async () => {
    while (!stop.signal.aborted) {
      for (const { build, holders } of directory.states) {
        const isOwn = build.projection === definition.name && build.version === definition.version;
        if (!isOwn || holders.length > 0 || !(build.serving || build.status === "building")) continue;
        attended.add(build.id);
        runners.run(definition, build, 0);
      }
      await directory.nextRefresh(stop.signal);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await attending;
      await Promise.all([...attended].map((id) => runners.end(id)));
    },
  };
}

import type { EventStore } from "../event-store/event-store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build, BuildSettings } from "./build.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { ProjectionStore } from "./projection-store.ts";

/** Creates a build whose target is the head of the log as it is now, or finds the one that is under way. */
export async function beginBuild(
  definition: AnyProjection,
  store: ProjectionStore,
  eventStore: EventStore,
  logger: Logger,
  options: { readonly anew: boolean; readonly settings?: BuildSettings },
): Promise<Build> {
  const fingerprint = fingerprintOf(definition);
  const target = await eventStore.head();
  const { build, created } = await store.createBuild(definition, {
    ...options,
    fingerprint,
    target,
  });
  if (created) {
    logger.info(
      { projection: build.projection, version: build.version, build: build.schema },
      "a build begins",
    );
  } else {
    await store.settleBuild(build, options.settings ?? {});
  }
  return build;
}

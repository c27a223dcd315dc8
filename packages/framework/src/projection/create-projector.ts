import type { Partition } from "../subscription/partition.ts";
import type { SubscriptionConsumer } from "../subscription/subscription-consumer.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { RunnerEnvironment } from "./build-runner.ts";
import type { Build } from "./build.ts";
import { FoldProjector } from "./fold-projector.ts";
import { HandlersProjector } from "./handlers-projector.ts";

/** What feeds one partition of a build, by the projection's form. */
export function createProjector(
  projection: AnyProjection,
  build: Build,
  partition: Partition,
  environment: RunnerEnvironment,
): SubscriptionConsumer {
  const { maxCachedRows: maxRows, maxCachedBytes: maxBytes } = environment;
  return projection.form === "fold"
    ? new FoldProjector({ ...environment, projection, build, partition, maxRows, maxBytes })
    : new HandlersProjector({ ...environment, projection, build, partition });
}

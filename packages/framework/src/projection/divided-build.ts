import { TidemarkError } from "../errors.ts";
import type { DividedConsumer } from "../subscription/consumer-partitions.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";

/** A build as it is cut in parts: not without knowing which events belong together. */
export function dividedBuild(definition: AnyProjection, { subscription }: Build): DividedConsumer {
  if (definition.form !== "handlers" || definition.partitionOf !== null) return { subscription };
  const whole = new TidemarkError(
    "definition-invalid",
    `The projection ${definition.name} has no partitionBy: without it nobody knows which of its events belong together.`,
  );
  return { subscription, whole };
}

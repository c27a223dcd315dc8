import type { AnyEventDefinition, AnyProjection, ApplicationDefinition, NewEvent } from "@tidemark/framework";

export const Counted: AnyEventDefinition & ((data: { amount: bigint }) => NewEvent);

/** About a tenth of a millisecond an event. */
export const sums: AnyProjection;

/** Keeps more and more, where `HEAVY_HOARDS=1` tells it to. */
export const hoard: AnyProjection;

/** Writes the file that `HEAVY_LOOPS` names, and never comes back. */
export const loop: AnyProjection;

declare const heavy: ApplicationDefinition;
export default heavy;

import { TidemarkError } from "../errors.ts";
import type { EventStoreCapabilities } from "./event-store.ts";

/** @throws TidemarkError `capability-missing` when the store lacks what the caller asks of it. */
export function requireCapability(
  capabilities: EventStoreCapabilities,
  capability: keyof EventStoreCapabilities,
  wanted: string,
): void {
  if (capabilities[capability]) return;
  throw new TidemarkError(
    "capability-missing",
    `${wanted} needs an event store with ${capability}, this one lacks it: use a store that has it, or do without.`,
    { details: { capability } },
  );
}

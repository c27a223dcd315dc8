import type { AppendOptions, EventStoreCapabilities, StreamAppend } from "./event-store.ts";
import { requireCapability } from "./require-capability.ts";

/**
 * Checks that a store can honour the streams and conditions of an append, so that nothing is left out in silence.
 *
 * @throws TidemarkError `capability-missing`
 */
export function checkAppendCapabilities(
  capabilities: EventStoreCapabilities,
  appends: readonly StreamAppend[],
  { conditions = [] }: AppendOptions,
): void {
  if (appends.length > 1)
    requireCapability(capabilities, "multiStreamAppend", "An append to several streams");
  if (conditions.length > 0)
    requireCapability(capabilities, "appendConditions", "An append under conditions");
}

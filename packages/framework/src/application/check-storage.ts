import { TidemarkError } from "../errors.ts";
import type { EventStoreCapabilities } from "../event-store/event-store.ts";
import type { ApplicationDefinition } from "./define-application.ts";
import type { Storage } from "./storage.ts";

/**
 * Refuses an application whose storage cannot do what it needs, before anything is opened.
 *
 * @throws TidemarkError `capability-missing` naming the application, what it lacks and why it is needed.
 */
export function checkStorage(definition: ApplicationDefinition, storage: Storage): void {
  const { name, projections, subscriptions, requires } = definition;
  for (const [what, defined] of Object.entries({ projections, subscriptions })) {
    if (storage.projectionStore !== undefined || defined.length === 0) continue;
    throw new TidemarkError(
      "capability-missing",
      `The application ${name} has ${what}, but its storage keeps no read models and checkpoints: use one that does.`,
    );
  }
  const { capabilities } = storage.eventStore;
  for (const capability of requires) refuseWithout(capabilities, capability, `The application ${name}`);
  // A reader would pass a position that an event takes later, and never see that event.
  if (projections.length + subscriptions.length > 0)
    refuseWithout(
      capabilities,
      "commitOrderPositions",
      `The application ${name} has readers of the log and so`,
    );
}

function refuseWithout(
  capabilities: EventStoreCapabilities,
  capability: keyof EventStoreCapabilities,
  who: string,
): void {
  if (capabilities[capability]) return;
  throw new TidemarkError(
    "capability-missing",
    `${who} requires an event store with ${capability}, and this one lacks it: use a store that has it.`,
    { details: { capability } },
  );
}

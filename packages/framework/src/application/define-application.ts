import type { AnyAggregate } from "../aggregate/define-aggregate.ts";
import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition } from "../event/define-event.ts";
import type { EventStoreCapabilities } from "../event-store/event-store.ts";
import type { AnyProjection } from "../projection/any-projection.ts";
import type { SubscriptionDefinition } from "../subscription/define-subscription.ts";

/** What an application consists of: plain data, no connection. The default export of an application module. */
export interface ApplicationDefinition<Aggregates extends readonly AnyAggregate[] = readonly AnyAggregate[]> {
  readonly name: string;
  readonly aggregates: Aggregates;
  readonly projections: readonly AnyProjection[];
  readonly subscriptions: readonly SubscriptionDefinition[];
  /** Every event of the aggregates, projections and subscriptions, each once. */
  readonly events: readonly AnyEventDefinition[];
  /** What the application's own code asks of `application.eventStore` beyond the common part. */
  readonly requires: readonly (keyof EventStoreCapabilities)[];
}

/**
 * Puts an application together. The module that exports it as its default is what the `tidemark` command and
 * worker threads are given.
 *
 * @throws TidemarkError `definition-invalid` when two aggregates or projections share a name.
 * @example
 * export default defineApplication({ name: "ledger", aggregates: [Account], projections: [balances] });
 */
export function defineApplication<const Aggregates extends readonly AnyAggregate[]>(options: {
  /** Lower-case letters, digits, `-` and `_`: labels connections, logs and metrics. */
  readonly name: string;
  readonly aggregates: Aggregates;
  readonly projections?: readonly AnyProjection[];
  readonly subscriptions?: readonly SubscriptionDefinition[];
  /**
   * Capabilities of the event store that the application's own code uses: a store that lacks one is refused by
   * `createApplication`. What commands and projections need is known without it; an idempotency key of a command
   * needs none.
   */
  readonly requires?: readonly (keyof EventStoreCapabilities)[];
}): ApplicationDefinition<Aggregates> {
  const { name, aggregates, projections = [], subscriptions = [], requires = [] } = options;
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name)) {
    invalid(name, "its name must be 1-63 lower-case letters, digits, - or _, from a letter on");
  }
  refuseDuplicates(name, "aggregates", aggregates);
  // Operators name either with one word.
  refuseDuplicates(name, "projections and subscriptions", [...projections, ...subscriptions]);
  const events = new Set<AnyEventDefinition>();
  for (const source of [...aggregates, ...projections, ...subscriptions])
    for (const event of source.events) events.add(event);
  return Object.freeze({ name, aggregates, projections, subscriptions, events: [...events], requires });
}

function refuseDuplicates(
  application: string,
  what: string,
  named: readonly { readonly name: string }[],
): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) invalid(application, `two of its ${what} are called ${name}`);
    seen.add(name);
  }
}

function invalid(name: string, rule: string): never {
  throw new TidemarkError(
    "definition-invalid",
    `The application ${JSON.stringify(name)} is not well defined: ${rule}.`,
  );
}

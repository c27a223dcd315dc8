import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition } from "../event/define-event.ts";
import type { EventOf } from "../event/event-of.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { Logger } from "../telemetry/logger.ts";
import { limitsFault } from "./limits/check-limits.ts";
import type { Semaphore } from "./limits/define-semaphore.ts";
import type { HandlerLimits } from "./limits/handler-limits.ts";
import type { RateLimit } from "./limits/rate-limit.ts";
import type { SubscriptionBuffer } from "./limits/subscription-buffer.ts";
import type { ParkingLimits } from "./parking-breaker.ts";
import type { RetryStrategy } from "./retry-strategy.ts";

/** What a handler knows beside its event. */
export interface HandlerContext {
  readonly subscription: string;
  readonly partition: number;
  /** Grows with every change of owner: give it to outside systems that can refuse a smaller one. */
  readonly fencingToken: bigint;
  /**
   * `<subscription>:<event id>`: the same whenever this event is handled, also in a replay. Give it to outside systems
   * as their idempotency key.
   */
  readonly key: string;
  /** From 1; more after failures. */
  readonly attempt: number;
  /** True for history that has been handled before, until a rewound subscription has passed where it stood. */
  readonly replaying: boolean;
  readonly recordedAt: Date;
  /** Aborts when the handler's time is over or the subscription stops. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** One function per event. */
export type HandlerFunctions<Events extends readonly AnyEventDefinition[]> = {
  readonly [Type in Events[number]["type"]]: (
    event: EventOf<Extract<Events[number], { readonly type: Type }>>,
    context: HandlerContext,
  ) => unknown;
};

/** What a subscription needs, beside its handlers; every field has a default. */
export interface SubscriptionSettings {
  /** Where a subscription that is new begins. Default `"start"`. */
  readonly from: "start" | "end";
  /** What a rewound subscription does with events that it has handled before. Default `"mute"`: nothing. */
  readonly onReplay: "mute" | "run";
  /** Partitions that it begins with. Default 1. */
  readonly partitions: number;
  /** Milliseconds that a handler has. Default 30,000. */
  readonly timeoutMs: number;
  readonly retry: RetryStrategy | null;
  readonly parking: Partial<ParkingLimits>;
  /** How often handlers run, in all processes together; `null`, the default: as often as they can. */
  readonly rateLimit: RateLimit | null;
  /** A handler runs while it has a permit of each, in all processes together. Default: none. */
  readonly semaphores: readonly Semaphore[];
  /** What a partition may have in memory at once. */
  readonly buffer: Partial<SubscriptionBuffer>;
  /** An event with more bytes of payload and metadata is parked, and no handler sees it. Default: no limit. */
  readonly maxMessageBytes: number;
}

/** A subscription of the application: events in, effects outside out. Made by {@link defineSubscription}. */
export interface SubscriptionDefinition<Name extends string = string> extends SubscriptionSettings {
  readonly name: Name;
  readonly events: readonly AnyEventDefinition[];
  /** Of single handlers, by the type of their event; beside those of the whole subscription. */
  readonly limits: Readonly<Record<string, HandlerLimits>>;
  /** @internal */
  readonly partitionOf: ((event: RecordedEvent) => string) | null;
  /** @internal Runs the handler of the event's type. */
  readonly handle: (event: RecordedEvent, context: HandlerContext) => unknown;
}

const subscriptionName = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * Defines a subscription whose handlers act on the world outside: send mail, call a service, issue commands. Each
 * event is handled at least once, those of a stream (or of the key of `partitionBy`) in order, and an effect that must
 * not happen twice uses `context.key`. A read model is a projection instead: it is exactly once.
 *
 * @throws TidemarkError `definition-invalid` when a name, number or function is missing or not allowed.
 * @example
 * const receipts = defineSubscription({
 *   name: "receipts",
 *   events: [FundsDeposited],
 *   handle: {
 *     FundsDeposited: ({ data }, { key, signal }) => sendReceipt(data, { idempotencyKey: key, signal }),
 *   },
 * });
 */
export function defineSubscription<
  const Name extends string,
  const Events extends readonly AnyEventDefinition[],
>(
  definition: Partial<SubscriptionSettings> & {
    readonly name: Name;
    readonly events: Events;
    /** Events with the same value are handled in order; default: those of one stream. */
    readonly partitionBy?: (event: EventOf<Events[number]>) => string;
    /** Limits of single handlers, beside those of the whole subscription. */
    readonly limits?: { readonly [Type in Events[number]["type"]]?: HandlerLimits };
    readonly handle: HandlerFunctions<Events>;
  },
): SubscriptionDefinition<Name>;
export function defineSubscription(definition: LooseDefinition): SubscriptionDefinition {
  const { name, events, handle, partitionBy, partitions = 1, timeoutMs = 30_000 } = definition;
  const { rateLimit = null, buffer = {}, maxMessageBytes = Infinity } = definition;
  // What is given as undefined is not given.
  const limits: Record<string, HandlerLimits> = {};
  for (const [type, own] of Object.entries(definition.limits ?? {}))
    if (own !== undefined) limits[type] = own;
  if (!subscriptionName.test(name))
    refuse(name, "its name must be 1-63 lower-case letters, digits or -, a letter first");
  if (events.length === 0) refuse(name, "it names no event");
  for (const { type } of events)
    if (typeof handle[type] !== "function") refuse(name, `it has no function for ${type}`);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 256)
    refuse(name, "its partitions must be a whole number from 1 to 256");
  if (!(timeoutMs > 0)) refuse(name, "its timeoutMs must be greater than 0");
  const types = events.map(({ type }) => type);
  const fault = limitsFault({ types, rateLimit, limits, buffer, maxMessageBytes });
  if (fault !== null) refuse(name, fault);
  return Object.freeze({
    from: "start",
    onReplay: "mute",
    retry: null,
    parking: {},
    semaphores: [],
    ...definition,
    rateLimit,
    limits,
    buffer,
    maxMessageBytes,
    partitions,
    timeoutMs,
    partitionOf: partitionBy ?? null,
    handle: (event: RecordedEvent, context: HandlerContext) => handle[event.type]?.(event, context),
  });
}

interface LooseDefinition extends Partial<SubscriptionSettings> {
  readonly name: string;
  readonly events: readonly AnyEventDefinition[];
  readonly partitionBy?: (event: RecordedEvent) => string;
  readonly limits?: { readonly [type: string]: HandlerLimits | undefined };
  readonly handle: Readonly<Record<string, (event: RecordedEvent, context: HandlerContext) => unknown>>;
}

function refuse(name: string, rule: string): never {
  throw new TidemarkError(
    "definition-invalid",
    `The subscription ${JSON.stringify(name)} is not well defined: ${rule}.`,
  );
}

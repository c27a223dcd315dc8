import type { AnyEventDefinition } from "../event/define-event.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { SubscriberLimit } from "../subscription/limits/subscriber-limit.ts";

/** How many may follow the log at once through one process. */
export interface FollowerLimits {
  /** Default 100. */
  readonly most?: number;
  /** Of one principal, so that nobody takes every place. Default: no limit. */
  readonly mostOfOne?: number;
}

export interface FollowLogOptions {
  /** Exclusive. Default `0n`: from the beginning. */
  readonly after?: bigint;
  /** Default: every event of the application. */
  readonly events?: readonly AnyEventDefinition[];
  readonly categories?: readonly string[];
  readonly tenant?: string;
  /** Who follows, for `mostOfOne`. */
  readonly principal?: string;
  readonly signal?: AbortSignal;
}

/** A stretch of the log: go on `after: position`. */
export interface FollowedPage {
  readonly events: readonly RecordedEvent[];
  readonly position: bigint;
}

/** The application's events, decoded, for readers that catch up with them and then wait for more. */
export class ApplicationLog {
  readonly #eventStore: EventStore;
  readonly #serializer: EventSerializer;
  readonly #limit: SubscriberLimit;

  constructor(
    eventStore: EventStore,
    serializer: EventSerializer,
    { most = 100, ...limits }: FollowerLimits = {},
  ) {
    this.#eventStore = eventStore;
    this.#serializer = serializer;
    this.#limit = new SubscriberLimit({ most, ...limits });
  }

  /** How many follow it through this process now. */
  get followers(): number {
    return this.#limit.count;
  }

  /**
   * Pages of events in the order of the log, then live, until the signal aborts or the loop is left. It keeps no
   * checkpoint: whoever reads keeps the position. For effects use a subscription.
   *
   * @throws TidemarkError `too-many-subscribers` (429) at the first page; `event-newer-than-this-node`,
   * `event-unreadable`, `store-unavailable`.
   * @example
   * for await (const { events, position } of application.log.follow({ after, signal })) await send(events, position);
   */
  async *follow(options: FollowLogOptions = {}): AsyncGenerator<FollowedPage, void, undefined> {
    const { after = 0n, tenant, principal, categories, signal } = options;
    const events = options.events ?? this.#serializer.definitions;
    const follower = this.#limit.admit(principal);
    try {
      const pages = this.#eventStore.subscribe({
        after,
        filter: { types: events.map(({ recordName }) => recordName), ...(categories && { categories }) },
        ...(tenant === undefined ? {} : { tenant }),
        ...(signal === undefined ? {} : { signal }),
      });
      for await (const page of pages) {
        const decoded = await this.#serializer.decodeAll(page.events, (sha256) =>
          this.#eventStore.schema(sha256),
        );
        yield { events: decoded, position: page.scannedTo };
      }
    } finally {
      follower.leave();
    }
  }
}

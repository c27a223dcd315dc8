import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { TidemarkError } from "../errors.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import { ConsumerPartitions } from "./consumer-partitions.ts";
import { checkpointAt, isOfLog } from "./checkpoint.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { DeadLetterSource } from "./dead-letters.ts";
import type { DeadLetterStore } from "./dead-letter-store.ts";
import { checkDiscardReason } from "./discard-reason.ts";
import type { SubscriptionDefinition } from "./define-subscription.ts";
import { HandlersConsumer } from "./handlers-consumer.ts";
import { ClusterLimits } from "./limits/cluster-limits.ts";
import type { LimitStore } from "./limits/limit-store.ts";
import { intervalOf } from "./limits/rate-limit.ts";
import { bufferParts, defaultBuffer } from "./limits/subscription-buffer.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { PartitionStore } from "./partition-store.ts";
import { positionAtTime } from "./position-at-time.ts";
import { Subscription, type PartitionStatus } from "./subscription.ts";
import type { SubscriptionDirectory, SubscriptionRecord } from "./subscription-directory.ts";

/** Where subscriptions keep what they know. */
export interface SubscriptionStore extends CheckpointStore, LeaseStore {
  readonly deadLetters: DeadLetterStore;
  readonly partitions: PartitionStore;
  readonly subscriptions: SubscriptionDirectory;
  readonly limits: LimitStore;

  /** Tells what other processes do, soon after they did it; best effort. */
  watch(
    watcher: {
      readonly onPartitionsChanged: (subscription: string) => void;
      readonly onRequest: (subscription: string) => void;
      readonly onPermitFreed: (semaphore: string) => void;
    },
    signal: AbortSignal,
  ): void;
}

export interface SubscriptionSupervisorOptions {
  readonly definitions: readonly SubscriptionDefinition[];
  readonly eventStore: EventStore;
  readonly serializer: EventSerializer;
  /** Opened and closed by the caller. */
  readonly store: SubscriptionStore;
  /** Shown to other processes as the owner of leases. */
  readonly applicationName: string;
  readonly logger?: Logger;
  /** Milliseconds until a process that has died is taken over. Default 10,000. */
  readonly leaseMs?: number;
}

/** A subscription, its distance from the head of the log and what this process does for it. */
export interface SubscriptionStatus extends SubscriptionRecord {
  readonly name: string;
  /** Positions between the head and the slowest partition. */
  readonly lag: bigint;
  readonly workers: readonly PartitionStatus[];
}

export interface ReplayOptions {
  /** Gives up what is parked, which is kept with the reason; without it a replay is refused while something is. */
  readonly discardParked?: { readonly reason: string; readonly requestedBy: string };
}

/** Under which name a subscription of the application keeps its checkpoints. */
function keptAs(name: string): string {
  return `subscription:${name}`;
}

/** Events between two checkpoints at most: so many are handled again when the process dies. */
const maxBatch = 100;

/** A second's worth under a rate limit: else a checkpoint waits for as long as its whole batch. */
function batchOf({ rateLimit, limits }: SubscriptionDefinition): number {
  const rates = [rateLimit, ...Object.values(limits).map((own) => own.rateLimit ?? null)];
  const perSecond = rates.map((rate) => (rate === null ? Infinity : Math.ceil(1_000 / intervalOf(rate))));
  return Math.min(maxBatch, ...perSecond);
}

/** Runs the subscriptions of an application; any number of processes may run one for the same subscriptions. */
export class SubscriptionSupervisor {
  readonly #options: SubscriptionSupervisorOptions;
  readonly #keeper: LeaseKeeper;
  readonly #running = new Map<string, Subscription>();
  readonly #closing = new AbortController();
  readonly #owner = randomUUID();
  readonly #label: string;
  readonly #limits: ClusterLimits;
  /** Changed while processes work on them. */
  readonly partitions: ConsumerPartitions;
  #closed: Promise<void> | null = null;

  constructor(options: SubscriptionSupervisorOptions) {
    this.#options = options;
    const { store, definitions, applicationName, logger = silentLogger, leaseMs = 10_000 } = options;
    this.#label = `${applicationName} on ${hostname()}, process ${process.pid}`;
    this.#limits = new ClusterLimits({
      definitions,
      store: store.limits,
      label: this.#label,
      leaseMs,
      logger,
    });
    this.#keeper = new LeaseKeeper({ store, leaseMs, logger });
    this.partitions = new ConsumerPartitions(store.partitions, async (name) => {
      const definition = this.#definition(name);
      await this.#ensure(definition);
      return { subscription: keptAs(definition.name) };
    });
  }

  /** Makes what is new and begins to work. */
  async start(): Promise<void> {
    const { definitions, store } = this.#options;
    store.watch(
      {
        onPartitionsChanged: (subscription) => this.#running.get(subscription)?.readPartitions(),
        onRequest: (subscription) => this.#running.get(subscription)?.readRequests(),
        onPermitFreed: (semaphore) => this.#limits.freed(semaphore),
      },
      this.#closing.signal,
    );
    await this.#limits.start();
    for (const definition of definitions) {
      if (this.#running.has(keptAs(definition.name))) continue;
      await this.#ensure(definition);
      this.#run(definition);
    }
  }

  async status(): Promise<readonly SubscriptionStatus[]> {
    const { definitions, eventStore, store } = this.#options;
    const records = await store.subscriptions.records(definitions.map(({ name }) => keptAs(name)));
    const head = await eventStore.head();
    return definitions.flatMap(({ name }) => {
      const record = records.find(({ subscription }) => subscription === keptAs(name));
      if (record === undefined) return [];
      const lag = record.positions.reduce(
        (most, { position }) => (head - position > most ? head - position : most),
        0n,
      );
      return [{ ...record, name, lag, workers: this.#running.get(keptAs(name))?.status ?? [] }];
    });
  }

  /**
   * Goes back in the log: to a position (exclusive) or a time. Handlers see `context.replaying` until the old checkpoint
   * is passed, and are not called for that stretch unless the definition says `onReplay: "run"`. Where the checkpoint is
   * of another log, a restored backup for example, everything behind the position counts as new.
   *
   * @returns the position that it goes on behind, and how many partitions went back
   * @throws TidemarkError `subscription-unknown`; `subscription-has-parked` while events of it are parked, which were
   *   never handled; `validation-failed` where there is no such position.
   */
  async replay(
    name: string,
    from: { readonly position: bigint } | { readonly time: Date },
    { discardParked }: ReplayOptions = {},
  ): Promise<{ readonly position: bigint; readonly partitions: number }> {
    const { eventStore, store } = this.#options;
    if (discardParked !== undefined) checkDiscardReason(discardParked.reason);
    const definition = this.#definition(name);
    await this.#ensure(definition);
    const wanted = "time" in from ? await positionAtTime(eventStore, from.time) : from.position;
    const checkpoint = await checkpointAt(eventStore, wanted);
    if (checkpoint.position > 0n && checkpoint.eventId === null) {
      const message = "must be 0 or the position of an event";
      throw new TidemarkError("validation-failed", `The position ${wanted} ${message}.`, {
        errors: [{ field: "position", rule: "position", message }],
      });
    }
    const diverged: number[] = [];
    for (const { partition, checkpoint: at } of await store.subscriptions.checkpoints(keptAs(name)))
      if (!(await isOfLog(eventStore, at))) diverged.push(partition);
    const partitions = await store.subscriptions.rewind(keptAs(name), {
      checkpoint,
      diverged,
      discard: discardParked ?? null,
    });
    return { position: checkpoint.position, partitions };
  }

  /** What parks events for the subscription of a name, or for all of them. */
  deadLetterSources(name?: string): readonly DeadLetterSource[] {
    return this.#options.definitions
      .filter((definition) => name === undefined || definition.name === name)
      .map((definition) => ({ name: definition.name, version: null, subscription: keptAs(definition.name) }));
  }

  /** Ends after the event that is under way, and releases the leases. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#running.values()].map((subscription) => subscription.close()));
    await this.#limits.close();
    await this.#keeper.close();
  }

  #definition(name: string): SubscriptionDefinition {
    const definition = this.#options.definitions.find((candidate) => candidate.name === name);
    if (definition !== undefined) return definition;
    throw new TidemarkError(
      "subscription-unknown",
      `The application has no subscription ${JSON.stringify(name)}${known(this.#options.definitions)}.`,
    );
  }

  async #ensure({ name, from, partitions }: SubscriptionDefinition): Promise<void> {
    const { eventStore, store } = this.#options;
    const [known] = await store.subscriptions.records([keptAs(name)]);
    if (known !== undefined) return;
    const checkpoint = await checkpointAt(eventStore, from === "end" ? await eventStore.head() : 0n);
    await store.subscriptions.ensure(keptAs(name), { checkpoint, partitions });
  }

  #run(definition: SubscriptionDefinition): void {
    const { eventStore, store, serializer, logger = silentLogger, leaseMs = 10_000 } = this.#options;
    const limits = this.#limits.of(definition);
    const subscription = new Subscription({
      name: keptAs(definition.name),
      filter: { types: definition.events.map(({ recordName }) => recordName) },
      eventStore,
      store,
      keeper: this.#keeper,
      owner: this.#owner,
      label: this.#label,
      leaseMs,
      consumer: ({ partition, replayUntil }) =>
        new HandlersConsumer({
          definition,
          partition,
          replayUntil,
          limits,
          checkpoints: store,
          eventStore,
          serializer,
          logger,
        }),
      ...bufferParts({ ...defaultBuffer, ...definition.buffer }, batchOf(definition)),
      parking: definition.parking,
      ...(definition.retry === null ? {} : { retry: definition.retry }),
      logger,
    });
    this.#running.set(subscription.name, subscription);
    subscription.start();
  }
}

function known(definitions: readonly SubscriptionDefinition[]): string {
  return definitions.length === 0 ? "" : `: it has ${definitions.map(({ name }) => name).join(", ")}`;
}

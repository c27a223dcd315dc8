import { setTimeout as delay } from "node:timers/promises";
import { AggregateRepository } from "../aggregate/aggregate-repository.ts";
import type { AnyAggregate, CommandInput, CommandName } from "../aggregate/define-aggregate.ts";
import { CommandExecutor } from "../command/command-executor.ts";
import type { CommandOptions } from "../command/command-options.ts";
import type { CommandResult } from "../command/command-result.ts";
import { TidemarkError } from "../errors.ts";
import { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { AnyProjection } from "../projection/any-projection.ts";
import { DeadLetters } from "../subscription/dead-letters.ts";
import type { ProjectionSupervisorOptions } from "../projection/projection-supervisor-options.ts";
import { ProjectionSupervisor } from "../projection/projection-supervisor.ts";
import type { QueryOptions, ReadModel } from "../projection/read-model.ts";
import { SubscriptionSupervisor } from "../subscription/subscription-supervisor.ts";
import { OutageLog } from "../telemetry/outage-log.ts";
import { silentLogger, type Logger } from "../telemetry/logger.ts";
import { ApplicationLog } from "./application-log.ts";
import type { ApplicationOptions } from "./application-options.ts";
import { Operations } from "./operations.ts";
import { checkStorage } from "./check-storage.ts";
import type { ApplicationDefinition } from "./define-application.ts";
import { registerEventSchemas } from "./register-event-schemas.ts";
import { RebuildThreadHost } from "./rebuild-thread-host.ts";

/** How long `close` lets commands end that are running; in milliseconds. */
const drainMs = 1_000;

/**
 * A running application: executes commands, runs projections, answers queries. Made by {@link createApplication}.
 *
 * `start` opens in the order store, read models, registry, schema comparison, projections; `close` goes back.
 */
export class Application<Aggregates extends readonly AnyAggregate[] = readonly AnyAggregate[]> {
  readonly definition: ApplicationDefinition<Aggregates>;
  readonly eventStore: EventStore;
  /** The events, decoded, for readers that follow them. */
  readonly log: ApplicationLog;
  /** Status and metrics, for who operates it. */
  readonly operations: Operations;
  readonly #options: ApplicationOptions;
  readonly #logger: Logger;
  readonly #storeOutage: OutageLog;
  readonly #serializer: EventSerializer;
  readonly #executor: CommandExecutor;
  readonly #supervisor: ProjectionSupervisor | null;
  readonly #subscriptions: SubscriptionSupervisor | null;
  readonly #running = new Set<Promise<unknown>>();
  #started = false;
  #starting: Promise<void> | null = null;
  #closed: Promise<void> | null = null;

  /** @internal */
  constructor(definition: ApplicationDefinition<Aggregates>, options: ApplicationOptions) {
    checkStorage(definition, options.storage);
    const { eventStore, projectionStore } = options.storage;
    this.definition = definition;
    this.eventStore = eventStore;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#storeOutage = new OutageLog(this.#logger, {
      begun: "the event store does not answer",
      over: "the event store answers again",
    });
    this.#serializer = new EventSerializer(definition.events);
    this.log = new ApplicationLog(eventStore, this.#serializer, options.followers);
    const { stateCacheSize, leaseMs, commands = {} } = options;
    const repository = new AggregateRepository({
      eventStore,
      serializer: this.#serializer,
      ...(stateCacheSize === undefined ? {} : { cacheSize: stateCacheSize }),
    });
    this.#executor = new CommandExecutor({
      eventStore,
      serializer: this.#serializer,
      repository,
      intake: commands,
    });
    const supervised = {
      applicationName: definition.name,
      eventStore,
      serializer: this.#serializer,
      logger: this.#logger,
      ...(leaseMs === undefined ? {} : { leaseMs }),
    };
    const { projections, subscriptions } = definition;
    const store = projectionStore;
    this.#supervisor =
      store === undefined
        ? null
        : new ProjectionSupervisor({
            ...options.projectors,
            ...supervised,
            store,
            definitions: projections,
            rebuilds: options.rebuilds ?? "automatic",
            ...this.#buildHost(options),
          });
    this.#subscriptions =
      store === undefined
        ? null
        : new SubscriptionSupervisor({ ...supervised, store, definitions: subscriptions });
    this.operations = new Operations({
      application: definition.name,
      storage: options.storage,
      projections: async () => (await this.#supervisor?.status()) ?? [],
      subscriptions: async () => (await this.#subscriptions?.status()) ?? [],
      logger: this.#logger,
    });
  }

  #buildHost({
    projectors,
    rebuildThread,
    storage,
    leaseMs,
  }: ApplicationOptions): Pick<ProjectionSupervisorOptions, "buildHost"> {
    const { reopen } = storage;
    if (rebuildThread === undefined || reopen === undefined) return {};
    const data = { application: this.definition.name, storage: reopen, leaseMs, projectors };
    return { buildHost: (onEnded) => new RebuildThreadHost(rebuildThread, data, this.#logger, onEnded) };
  }

  /** Read models: status, rebuilds, activation. Absent when the storage keeps none. */
  get projections(): ProjectionSupervisor {
    if (this.#supervisor !== null) return this.#supervisor;
    throw new TidemarkError(
      "capability-missing",
      `The application ${this.definition.name} has no projections.`,
    );
  }

  /** Subscriptions: status and replay. Absent when the storage keeps no checkpoints. */
  get subscriptions(): SubscriptionSupervisor {
    if (this.#subscriptions !== null) return this.#subscriptions;
    throw new TidemarkError(
      "capability-missing",
      `The storage of ${this.definition.name} keeps no checkpoints, so it has no subscriptions.`,
    );
  }

  /** Events that projections and subscriptions could not handle, and what operators do with them. */
  get deadLetters(): DeadLetters {
    const { projections, subscriptions } = this;
    const store = this.#options.storage.projectionStore;
    if (store === undefined) throw new Error("an application with projections has a store for them");
    return new DeadLetters({
      store: store.deadLetters,
      eventStore: this.eventStore,
      serializer: this.#serializer,
      sources: async (name) => {
        const known = [...this.definition.projections, ...this.definition.subscriptions];
        if (name !== undefined && known.every((defined) => defined.name !== name)) {
          throw new TidemarkError(
            "subscription-unknown",
            `The application has no projection or subscription ${JSON.stringify(name)}.`,
          );
        }
        return [...(await projections.deadLetterSources(name)), ...subscriptions.deadLetterSources(name)];
      },
    });
  }

  /**
   * Opens everything, once; after a failure it may be tried again.
   *
   * @throws TidemarkError `event-schema-refused`, `event-schema-mismatch`, `projection-changed`, `store-unavailable`.
   */
  async start(): Promise<void> {
    this.#refuseWhenClosed();
    this.#starting ??= this.#start();
    try {
      await this.#starting;
    } catch (error) {
      this.#starting = null;
      throw error;
    }
  }

  async #start(): Promise<void> {
    const {
      storage,
      registry,
      register = "on-start",
      projections = "run",
      subscriptions = "run",
    } = this.#options;
    await storage.eventStore.open();
    await storage.projectionStore?.open();
    if (registry !== null) {
      await registerEventSchemas({
        application: this.definition.name,
        registry,
        eventStore: this.eventStore,
        serializer: this.#serializer,
        mode: register,
        logger: this.#logger,
      });
    }
    this.#refuseWhenClosed();
    this.#started = true;
    if (projections === "run") await this.#supervisor?.start();
    if (subscriptions === "run") await this.#subscriptions?.start();
  }

  /**
   * Runs a command: loads the aggregate, lets it decide, appends what it decided. `id: null` makes a new one.
   *
   * @throws DomainError when the aggregate refuses; TidemarkError `validation-failed`, `stale-revision`,
   * `idempotency-key-reused`, `in-progress`, `conflict`, `event-invalid`, `store-unavailable`.
   * @example
   * const { revision } = await application.execute(Account, "42", "deposit", { amount: "10.00" });
   */
  async execute<A extends Aggregates[number], Command extends CommandName<A>>(
    aggregate: A,
    id: string | null,
    command: Command,
    input: CommandInput<A, Command>,
    options?: CommandOptions,
  ): Promise<CommandResult> {
    this.#checkStarted();
    const running = this.operations.commands.measure(
      aggregate,
      command,
      this.#executor.execute(aggregate, id, command, input, options),
    );
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * The tables of a projection, ready to be queried with kysely.
   *
   * @throws TidemarkError `projection-rebuilding`, `projection-behind`, `consistency-token-invalid`.
   * @example
   * const { db } = await application.query(balances, { consistencyToken });
   * const rows = await db.selectFrom("balances").selectAll().execute();
   */
  async query<P extends AnyProjection>(projection: P, options?: QueryOptions): Promise<ReadModel<P>> {
    this.#checkStarted();
    return this.projections.query(projection, options);
  }

  /**
   * Ready to serve: started, not closing, the store answers, and every projection that this process runs has a read
   * model of its own version that follows this store's log.
   */
  async isReady(): Promise<boolean> {
    return (await this.unreadiness()) === null;
  }

  /** Why it is not {@link isReady}, for operators; `null` when it is. */
  async unreadiness(): Promise<string | null> {
    if (this.#closed !== null) return "the application is shutting down";
    if (!this.#started) return "the application has not started yet";
    if (this.#options.projections !== "off" && this.#supervisor !== null) {
      if (!this.#supervisor.ready) return "a read model is being built";
      const { diverged } = this.#supervisor;
      if (diverged.length > 0)
        return `${diverged.join(", ")}: the checkpoint is of another log (log-diverged); connect the right store, or rebuild`;
    }
    try {
      await this.eventStore.head();
      this.#storeOutage.succeeded();
      return null;
    } catch (error) {
      this.#storeOutage.failed(error);
      return "the event store does not answer";
    }
  }

  /**
   * Takes no more commands and queries, lets running commands end within a second, stops projections, closes the
   * stores. Safe to call twice.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const patience = new AbortController();
    const timeout = delay(drainMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.#running), timeout]);
    patience.abort();
    try {
      await this.#subscriptions?.close();
      await this.#supervisor?.close();
    } finally {
      await Promise.all([this.#options.storage.projectionStore?.close(), this.eventStore.close()]);
    }
  }

  #checkStarted(): void {
    this.#refuseWhenClosed();
    if (this.#started) return;
    throw new TidemarkError(
      "application-closed",
      "The application is not started: await application.start() first.",
      { details: { retryAfterSeconds: 1 } },
    );
  }

  #refuseWhenClosed(): void {
    if (this.#closed === null) return;
    throw new TidemarkError(
      "application-closed",
      "The application is shutting down: send the request again to another node, or later.",
      { details: { retryAfterSeconds: 1 } },
    );
  }
}

/**
 * Connects a definition to its storage and registry. Nothing happens before `start`.
 *
 * @throws TidemarkError `capability-missing` when the storage cannot do what the definition needs.
 * @example
 * await using application = createApplication(ledger, { storage: postgresStorage({ database }), registry });
 * await application.start();
 */
export function createApplication<const Aggregates extends readonly AnyAggregate[]>(
  definition: ApplicationDefinition<Aggregates>,
  options: ApplicationOptions,
): Application<Aggregates> {
  return new Application(definition, options);
}

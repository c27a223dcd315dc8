import { TidemarkError } from "../errors.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { ProjectionStatus } from "../projection/projection-status.ts";
import type { SubscriptionStatus } from "../subscription/subscription-supervisor.ts";
import { ApplicationMetrics } from "../telemetry/application-metrics.ts";
import { CommandMeter } from "../telemetry/command-meter.ts";
import { noLimits } from "../telemetry/limit-status.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { IntakeOperations, OperationsStatus } from "../telemetry/operations-status.ts";
import type { Stall } from "../telemetry/stall.ts";
import type { PoolStatus, StoreTelemetry } from "../telemetry/store-telemetry.ts";
import { answerInTime } from "./answer-in-time.ts";
import { ConsumerReports, consumersOf } from "./consumer-operations.ts";
import { logAges } from "./log-ages.ts";
import type { Storage } from "./storage.ts";

/** Milliseconds for reading the status: who looks at it wants to know why it does not come. */
const patienceMs = 4_000;

/** The same for what stalls: connections that could tell may all be held up, and the other store's may not. */
const stallPatienceMs = 1_500;

export interface OperationsOptions {
  readonly application: string;
  readonly storage: Storage;
  readonly projections: () => Promise<readonly ProjectionStatus[]>;
  readonly subscriptions: () => Promise<readonly SubscriptionStatus[]>;
  readonly logger: Logger;
}

/**
 * How things are, for people and for Prometheus: lags, owners, dead letters, rebuilds, queues, and what stalls.
 *
 * @example
 * const { consumers, stalls } = await application.operations.status();
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #eventStore: EventStore;
  readonly #reports = new ConsumerReports();
  /** @internal */
  readonly commands = new CommandMeter();
  readonly #watched = new Set<{ readonly status: IntakeOperations }>();
  #metrics: ApplicationMetrics | null = null;

  constructor(options: OperationsOptions) {
    this.#options = options;
    this.#eventStore = options.storage.eventStore;
  }

  /** Made when first asked for; until then nothing is measured but what costs nothing. */
  get metrics(): ApplicationMetrics {
    this.#metrics ??= new ApplicationMetrics({
      application: this.#options.application,
      status: () => this.status(),
      stalls: () => this.stalls(),
      commands: this.commands,
      eventStore: this.#eventStore.telemetry ?? null,
      pools: () => this.#pools,
      intakes: () => this.#intakes,
      logger: this.#options.logger,
    });
    return this.#metrics;
  }

  /**
   * Shows a queue of the application's own in status and metrics, until the signal aborts.
   *
   * @example
   * application.operations.watch(liveUpdates);
   */
  watch(queue: { readonly status: IntakeOperations }, options: { readonly signal?: AbortSignal } = {}): void {
    this.#watched.add(queue);
    options.signal?.addEventListener("abort", () => this.#watched.delete(queue), { once: true });
  }

  /**
   * A few short queries, which get a few seconds.
   *
   * @throws TidemarkError `store-unavailable`, which names the session that holds them up if there is one.
   */
  async status(): Promise<OperationsStatus> {
    const [read, stalls] = await Promise.all([answerInTime(this.#consumers(), patienceMs), this.stalls()]);
    if (read === null) throw await this.#unanswered();
    const { head, consumers, limits } = read.answer;
    const { telemetry } = this.#eventStore;
    return {
      application: this.#options.application,
      head,
      consumers,
      appendQueue: telemetry?.queue ?? null,
      intakes: this.#intakes,
      limits,
      logFull: telemetry?.isFull ?? false,
      pools: this.#pools,
      stalls,
    };
  }

  /**
   * Statements of the framework that wait for other sessions in the database, with those, and statements or
   * transactions that are slow by themselves. Best effort: empty where the database does not say.
   */
  async stalls(): Promise<readonly Stall[]> {
    const asked = await Promise.allSettled(
      this.#telemetry.map((telemetry) => answerInTime(telemetry.stalls(), stallPatienceMs)),
    );
    const found = new Map<string, Stall>();
    for (const result of asked) {
      if (result.status === "rejected") {
        this.#options.logger.debug({ err: result.reason }, "the database does not say what stalls");
        continue;
      }
      // Both stores may look at the same database.
      for (const stall of result.value?.answer ?? []) {
        const { session, blockedBy } = stall;
        found.set(`${session.pid} ${session.application} ${session.query} ${blockedBy?.pid}`, stall);
      }
    }
    return [...found.values()];
  }

  async #consumers(): Promise<Pick<OperationsStatus, "head" | "consumers" | "limits">> {
    const { projections, subscriptions, storage } = this.#options;
    const consumers = consumersOf(...(await Promise.all([projections(), subscriptions()])));
    const positions = consumers.flatMap((consumer) => consumer.positions.map(({ position }) => position));
    const [log, limits] = await Promise.all([
      logAges(this.#eventStore, positions),
      storage.projectionStore?.limits.status() ?? noLimits,
    ]);
    return {
      head: log.head,
      limits,
      consumers: consumers.map((consumer) => this.#reports.report(consumer, log)),
    };
  }

  async #unanswered(): Promise<TidemarkError> {
    const blocking = (await this.stalls()).flatMap(({ blockedBy }) =>
      blockedBy === null ? [] : [blockedBy],
    );
    const first = blocking.find(({ application }) => !application.startsWith("tidemark ")) ?? blocking[0];
    const held =
      first === undefined
        ? ""
        : `: session ${first.pid} of ${JSON.stringify(first.application)} holds its statements up (${first.query})`;
    return new TidemarkError(
      "store-unavailable",
      `The database does not say within ${patienceMs / 1_000} s how things are${held}.`,
    );
  }

  get #telemetry(): readonly StoreTelemetry[] {
    const { eventStore, projectionStore } = this.#options.storage;
    return [eventStore.telemetry, projectionStore?.telemetry].filter((telemetry) => telemetry !== undefined);
  }

  get #intakes(): readonly IntakeOperations[] {
    return [...this.#watched].map(({ status }) => {
      const { name, items, bytes, waiting, rejected, stored, dropped } = status;
      return { name, items, bytes, waiting, rejected, stored, dropped };
    });
  }

  get #pools(): readonly PoolStatus[] {
    return this.#telemetry.flatMap(({ pools }) => pools);
  }
}

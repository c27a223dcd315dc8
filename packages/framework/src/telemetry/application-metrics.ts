import { collectDefaultMetrics, Registry } from "prom-client";
import type { CommandMeter } from "./command-meter.ts";
import { commandMetrics } from "./command-metrics.ts";
import { consumerMetrics } from "./consumer-metrics.ts";
import { intakeMetrics } from "./intake-metrics.ts";
import { limitMetrics } from "./limit-metrics.ts";
import type { Logger } from "./logger.ts";
import { sampledGauge, single } from "./metric-definitions.ts";
import type { IntakeOperations, OperationsStatus } from "./operations-status.ts";
import type { Stall } from "./stall.ts";
import { stallMetrics } from "./stall-metrics.ts";
import { eventStoreMetrics, poolMetrics } from "./store-metrics.ts";
import type { EventStoreTelemetry, PoolStatus } from "./store-telemetry.ts";

export interface ApplicationMetricsOptions {
  /** Label of every metric. */
  readonly application: string;
  /** May throw, when a database does not answer in time. */
  readonly status: () => Promise<OperationsStatus>;
  readonly stalls: () => Promise<readonly Stall[]>;
  readonly commands: CommandMeter;
  /** `null` for a store that does not tell. */
  readonly eventStore: EventStoreTelemetry | null;
  readonly pools: () => readonly PoolStatus[];
  readonly intakes: () => readonly IntakeOperations[];
  readonly logger: Logger;
}

/** Milliseconds that one reading of the status serves: the metrics of a scrape share it, and so do scrapes side by side. */
const freshMs = 500;

/**
 * The metrics of one application in one process, for Prometheus. Add your own to `registry`.
 *
 * @example
 * fastify.get("/metrics", async (_, reply) => {
 *   const { contentType } = application.metrics;
 *   return reply.type(contentType).send(await application.metrics.text());
 * });
 */
export class ApplicationMetrics {
  readonly registry = new Registry();
  readonly #options: ApplicationMetricsOptions;
  #reading: Promise<OperationsStatus | null> | null = null;

  constructor(options: ApplicationMetricsOptions) {
    this.#options = options;
    const { registry } = this;
    const { application, commands, eventStore, pools, intakes, stalls } = options;
    const read = (): Promise<OperationsStatus | null> => this.#read();
    registry.setDefaultLabels({ application });
    collectDefaultMetrics({ register: registry });
    sampledGauge(registry, {
      name: "tidemark_status_available",
      help: "0 while the databases do not say how things are: metrics of the log and of subscriptions are missing then",
      samples: async () => single((await read()) === null ? 0 : 1),
    });
    sampledGauge(registry, {
      name: "tidemark_log_head_position",
      help: "Position of the last event of the log",
      samples: async () => {
        const status = await read();
        return status === null ? [] : single(Number(status.head));
      },
    });
    consumerMetrics(registry, read);
    limitMetrics(registry, read);
    stallMetrics(registry, stalls);
    commandMetrics(registry, commands);
    poolMetrics(registry, pools);
    intakeMetrics(registry, intakes);
    if (eventStore === null) return;
    eventStoreMetrics(registry, {
      meter: eventStore.meter,
      queue: () => eventStore.queue,
      isFull: () => eventStore.isFull,
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** In the text format of Prometheus. Never fails because a database does not answer. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  #read(): Promise<OperationsStatus | null> {
    this.#reading ??= this.#readStatus();
    return this.#reading;
  }

  async #readStatus(): Promise<OperationsStatus | null> {
    try {
      return await this.#options.status();
    } catch (error) {
      this.#options.logger.debug({ err: error }, "the status for the metrics could not be read");
      return null;
    } finally {
      setTimeout(() => {
        this.#reading = null;
      }, freshMs).unref();
    }
  }
}

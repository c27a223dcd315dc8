import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { ParkingLimits } from "../subscription/parking-breaker.ts";
import type { RetryStrategy } from "../subscription/retry-strategy.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { BuildHost } from "./build-host.ts";
import type { ProjectionStore } from "./projection-store.ts";

/** How projectors and queries go about their work; plain data. */
export interface ProjectorOptions {
  readonly retry?: RetryStrategy;
  /** How much may be parked before a partition stands instead. Default 100 sequences, 20 % within a minute. */
  readonly parking?: Partial<ParkingLimits>;
  /** Rows that the projector of a fold's partition keeps in memory. Default 500,000. */
  readonly maxCachedRows?: number;
  /**
   * Bytes that those rows may take. Estimated from their values, rather too high than too low: 224 for a row, 8 for
   * a column, 2 for a character. Default 128 MiB.
   */
  readonly maxCachedBytes?: number;
  /**
   * Bytes, estimated in the same way, that one row of a fold projection may take: an event that makes it larger is
   * parked with what follows for that row. Default 1 MiB.
   */
  readonly maxRowBytes?: number;
  /**
   * Bytes of statements and parameters that a handler may send for one event: beyond, it fails, and the event is parked
   * in the end. Default 16 MiB.
   */
  readonly maxHandlerBytes?: number;
  /** Events a second that a build under way reads at most, so that what serves keeps its share. Default: no limit. */
  readonly rebuildRate?: number;
  /** Events that a projector reads at a time. Default 1,000. */
  readonly pageSize?: number;
  /** Milliseconds that a handler has. Default 30,000. */
  readonly handlerTimeoutMs?: number;
  /** Queries that may wait for a read model at a time. Default 1,000. */
  readonly maxWaiters?: number;
}

export interface ProjectionSupervisorOptions extends ProjectorOptions {
  readonly definitions: readonly AnyProjection[];
  readonly eventStore: EventStore;
  /** Knows the events of every definition. */
  readonly serializer: EventSerializer;
  /** Opened and closed by the caller. */
  readonly store: ProjectionStore;
  /** Shown to other processes as the owner of leases. */
  readonly applicationName: string;
  readonly logger?: Logger;
  /**
   * `"manual"`: the start builds nothing; read models that are missing wait for `rebuild`. Default `"automatic"`.
   */
  readonly rebuilds?: "automatic" | "manual";
  /** Works on builds elsewhere, a worker thread for example; calls back when one is under way no more. Default: nobody. */
  readonly buildHost?: (onEnded: () => void) => BuildHost;
  /** Milliseconds until a process that has died is taken over. Default 10,000. */
  readonly leaseMs?: number;
}

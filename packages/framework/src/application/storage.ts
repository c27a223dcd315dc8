import type { EventStore } from "../event-store/event-store.ts";
import type { ProjectionStore } from "../projection/projection-store.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Where an application keeps its events, and its read models if it has projections. */
export interface Storage {
  readonly eventStore: EventStore;
  readonly projectionStore?: ProjectionStore;
  /** How a worker thread opens the same storage; without it rebuilds run in the application's own thread. */
  readonly reopen?: StorageModule;
}

/** A module whose default export is an {@link OpenStorage}, and what to call it with. */
export interface StorageModule {
  /** Address of a JavaScript module, as `import` takes it. */
  readonly module: string;
  /** Plain data: it is copied into the thread. */
  readonly options: unknown;
}

export type OpenStorage<Options> = (options: Options, logger: Logger) => Storage | Promise<Storage>;

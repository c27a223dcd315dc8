import type { EventStore } from "../event-store/event-store.ts";
import type { ProjectionStore } from "../projection/projection-store.ts";

/** Where an application keeps its events, and its read models if it has projections. */
export interface Storage {
  readonly eventStore: EventStore;
  readonly projectionStore?: ProjectionStore;
}

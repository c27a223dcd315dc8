import type { AnyEventDefinition, EventData } from "./define-event.ts";
import type { RecordedEvent } from "./recorded-event.ts";

/** The recorded event of a definition; of a union of definitions, the union that `event.type` tells apart. */
export type EventOf<D extends AnyEventDefinition> = D extends AnyEventDefinition
  ? RecordedEvent<D["type"], EventData<D>>
  : never;

import type { AnyEventDefinition, EventData } from "../event/define-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** The recorded event of a definition; of a union of definitions, the union that `event.type` tells apart. */
export type EventOf<D extends AnyEventDefinition> = D extends AnyEventDefinition
  ? RecordedEvent<D["type"], EventData<D>>
  : never;

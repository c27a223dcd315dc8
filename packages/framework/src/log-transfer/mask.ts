import { TidemarkError } from "../errors.ts";
import {
  decodeMetadata,
  emptyMetadata,
  encodeMetadata,
  type EventMetadata,
} from "../event/event-metadata.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import { failureReason } from "../failure-reason.ts";
import { checkStreamId } from "../event-store/stream-id.ts";
import { PayloadCodecs } from "./payload-codecs.ts";

/** What a mask is given: an event as it was written. */
export interface MaskableEvent {
  readonly type: string;
  readonly eventVersion: number;
  readonly streamId: string;
  readonly recordedAt: Date;
  /** Decoded by the writer's schema; `long` is bigint. */
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** What leaves instead of each part of an event. Pure functions, so that one export is like the next. */
export interface MaskParts {
  /** A payload of the same schema. Default: as it is. */
  readonly data?: (event: MaskableEvent) => unknown;
  /** Default: no actor, no trace, no pairs of the application, since each may name a person. */
  readonly metadata?: (event: MaskableEvent) => EventMetadata;
  /** One name for each stream's name, always the same, `<category>-<id>`. Default: as it is. */
  readonly streamId?: (event: MaskableEvent) => string;
}

/**
 * Takes out of an export what must not leave: a function for payloads, or one for each part. Ids of events,
 * correlations and causes are random or names of other events, and stay.
 *
 * @example
 * export default ({ type, data }) => type === "ledger.AccountOpened" ? { ...data, owner: "somebody" } : data;
 * @example
 * export default { data: maskOwner, metadata: ({ metadata }) => ({ ...metadata, actor: "somebody" }) };
 */
export type Mask = ((event: MaskableEvent) => unknown) | MaskParts;

/** The part of a stored or exported event that a mask looks at. */
type Maskable = Pick<
  StoredEvent,
  "position" | "type" | "eventVersion" | "streamId" | "recordedAt" | "data" | "meta"
>;

/** What leaves of an event. */
export type Masked = Pick<Maskable, "streamId" | "data" | "meta">;

const noMetadata = encodeMetadata(emptyMetadata);

/** Applies a mask to stored events. */
export function createMasker(mask: Mask): (event: Maskable, schema: EventSchema) => Masked {
  const { data: maskData, metadata: maskMetadata, streamId: maskStream } = partsOf(mask);
  const codecs = new PayloadCodecs();
  return (event, schema) => {
    const { type, eventVersion, streamId, recordedAt } = event;
    const codec = codecs.of(schema);
    const metadata = decodeMetadata(event.meta);
    const given = { type, eventVersion, streamId, recordedAt, data: codec.decode(event.data), metadata };
    return {
      data:
        maskData === undefined
          ? event.data
          : part(event, "payload", () => codec.encode(now(maskData(given)))),
      meta:
        maskMetadata === undefined
          ? noMetadata
          : part(event, "metadata", () => encodeMetadata(now(maskMetadata(given)))),
      streamId:
        maskStream === undefined ? streamId : part(event, "stream", () => checked(now(maskStream(given)))),
    };
  };
}

function partsOf(mask: Mask): MaskParts {
  return typeof mask === "function" ? { data: mask } : mask;
}

/** A promise would be encoded as a record without its fields. */
function now<Value>(value: Value): Value {
  if (value instanceof Promise) {
    value.catch(() => {});
    throw new TypeError("it is a promise, and a mask must not be asynchronous");
  }
  return value;
}

function checked(streamId: string): string {
  if (typeof streamId !== "string") throw new TypeError("it is no string");
  checkStreamId(streamId);
  return streamId;
}

function part<Value>({ type, position }: Maskable, what: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw new TidemarkError(
      "event-invalid",
      `The mask's ${what} for ${type} at position ${position} is not to be used: ${failureReason(error)}. ` +
        "Return what has the same shape as what the mask was given.",
      { cause: error },
    );
  }
}

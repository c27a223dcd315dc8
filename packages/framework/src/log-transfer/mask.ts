import { createCodec, parseSchema, type Codec } from "@tidemark/schema-registry/avro";
import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { StoredEvent } from "../event/stored-event.ts";

/** What a mask is given: an event with its payload as it was written. */
export interface MaskableEvent {
  readonly type: string;
  readonly eventVersion: number;
  readonly streamId: string;
  readonly recordedAt: Date;
  /** Decoded by the writer's schema; `long` is bigint. */
  readonly data: unknown;
}

/**
 * Returns the payload that leaves instead, of the same schema. Pure, so that one export is like the next.
 *
 * @example
 * export default ({ type, data }) => type === "ledger.AccountOpened" ? { ...data, owner: "somebody" } : data;
 */
export type Mask = (event: MaskableEvent) => unknown;

/** Applies a mask to stored payloads; codecs are made once a schema. */
export function createMasker(mask: Mask): (event: StoredEvent, schema: EventSchema) => Uint8Array {
  const codecs = new Map<string, Codec<unknown>>();
  return (event, schema) => {
    const codec = codecs.get(schema.sha256) ?? codecOf(schema);
    codecs.set(schema.sha256, codec);
    const { type, eventVersion, streamId, recordedAt } = event;
    const masked = mask({ type, eventVersion, streamId, recordedAt, data: codec.decode(event.data) });
    try {
      return codec.encode(masked);
    } catch (error) {
      throw new TidemarkError(
        "event-invalid",
        `The mask's payload for ${type} at position ${event.position} does not match its schema: ` +
          `${error instanceof Error ? error.message : String(error)}. Return data of the same shape.`,
        { cause: error },
      );
    }
  };
}

function codecOf({ text }: EventSchema): Codec<unknown> {
  return createCodec(parseSchema(text));
}

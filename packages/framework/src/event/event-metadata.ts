import { createCodec } from "@tidemark/schema-registry/avro";

/** Who and what caused an event, beside its correlation and causation ids. */
export interface EventMetadata {
  /** The authenticated principal, `null` for the system itself. */
  readonly actor: string | null;
  /** W3C trace context of the request that led to the event. */
  readonly traceparent: string | null;
  /** Free pairs of the application. */
  readonly user: Readonly<Record<string, string>>;
}

export const emptyMetadata: EventMetadata = { actor: null, traceparent: null, user: {} };

const codec = createCodec({
  type: "record",
  name: "EventMetadata",
  namespace: "tidemark",
  fields: [
    { name: "actor", type: ["null", "string"], default: null },
    { name: "traceparent", type: ["null", "string"], default: null },
    { name: "user", type: { type: "map", values: "string" }, default: {} },
  ],
});

const emptyBytes = codec.encode({ ...emptyMetadata, user: {} });

/** Avro bytes of the metadata, as the store keeps them. */
export function encodeMetadata(metadata: EventMetadata): Uint8Array {
  return metadata === emptyMetadata ? emptyBytes : codec.encode({ ...metadata, user: { ...metadata.user } });
}

export function decodeMetadata(bytes: Uint8Array): EventMetadata {
  return bytes.length === emptyBytes.length && bytes.every((byte, index) => byte === emptyBytes[index])
    ? emptyMetadata
    : codec.decode(bytes);
}

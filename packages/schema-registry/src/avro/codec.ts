import type { AvroSchema } from "./avro-schema.ts";
import type { FromAvro } from "./from-avro.ts";
import type { ParsedSchema } from "./parsed-schema.ts";

/** Turns values of one schema into Avro binary and back. Both throw `AvroValueError`; the schema's work is done once. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** Reads exactly one value: bytes that are missing or left over are an error. */
  decode(bytes: Uint8Array): T;
}

export function createCodec(schema: ParsedSchema): Codec<unknown>;
export function createCodec<const S extends AvroSchema>(schema: S): Codec<FromAvro<S>>;
export function createCodec(schema: ParsedSchema | AvroSchema): Codec<never> {
  throw new Error(typeof schema);
}

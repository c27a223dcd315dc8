import type { ParsedSchema } from "../avro/parsed-schema.ts";
import type { Incompatibility } from "./incompatibility.ts";

/** Every reason why data written with `writer` cannot be read with `reader`; empty when it can. */
export function checkCompatibility(reader: ParsedSchema, writer: ParsedSchema): readonly Incompatibility[] {
  throw new Error(String([reader, writer]));
}

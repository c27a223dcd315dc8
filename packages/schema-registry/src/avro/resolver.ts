import { AvroSchemaError } from "./avro-schema-error.ts";
import { avscNames } from "./avsc-names.ts";
import { avscType } from "./avsc-type.ts";
import { compareSchemas } from "./compare-schemas.ts";
import { decoder } from "./decoder.ts";
import type { ParsedSchema } from "./parsed-schema.ts";

/** Reads bytes of a writer's schema as values of a reader's schema. */
export interface Resolver {
  /** Reads exactly one value; throws `AvroValueError` for bytes that are not a value of the writer's schema. */
  decode(this: void, bytes: Uint8Array): unknown;
}

/**
 * Compiles Avro's schema resolution: fields by name or alias, defaults for fields that the writer does not have,
 * promotions, the enum's own default for unknown symbols. Matching is the checker's: names without namespace.
 * A decimal written under another scale keeps its value.
 *
 * Throws {@link AvroSchemaError} (rule `incompatible`) unless the reader can read every value of the writer. Bytes that
 * are read as string must be UTF-8: that alone is checked with the data.
 */
export function createResolver(writer: ParsedSchema, reader: ParsedSchema): Resolver {
  const { differences, isReadable } = compareSchemas(reader, writer);
  const [difference] = differences;
  if (difference !== undefined) {
    throw new AvroSchemaError({
      path: difference.path,
      rule: "incompatible",
      message: `The reader's schema cannot read the writer's data: ${difference.kind} at ${difference.label === "" ? "the root" : difference.label}`,
    });
  }
  const names = avscNames();
  return Object.freeze({
    decode: decoder(avscType(writer, names), { writer, reader, isReadable, names }),
  });
}

import type { AvroSchema } from "./avro-schema.ts";
import { AvroSchemaError } from "./avro-schema-error.ts";
import type { ParsedSchema } from "./parsed-schema.ts";

/** Bounds that keep a hostile schema from costing memory or stack. */
export interface ParseLimits {
  /** Length of the schema text, in UTF-16 units. Default 1 MiB. */
  readonly maxTextLength?: number;
  /** Nesting of the JSON document. Default 64. */
  readonly maxDepth?: number;
}

export interface ParseSchemaOptions {
  /** Schemas whose named types this one may use. */
  readonly references?: readonly ParsedSchema[];
  readonly limits?: ParseLimits;
}

export function parseSchema(schema: string | AvroSchema, options: ParseSchemaOptions = {}): ParsedSchema {
  void options;
  throw new AvroSchemaError({ path: "", rule: "unsupported", message: `Cannot parse ${typeof schema}` });
}

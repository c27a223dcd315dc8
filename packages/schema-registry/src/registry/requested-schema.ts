import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { parseSchema } from "../avro/parse-schema.ts";
import { RegistryError } from "../errors.ts";
import type { SchemaRequest } from "./registry.ts";

/** What one request may make the registry work on. */
export interface SchemaLimits {
  /** Characters of a schema's text; 262,144 by default, which are parsed within some hundredths of a second. */
  readonly textLength: number;
  /** Nesting of the JSON of a schema; 64 by default. */
  readonly depth: number;
  /** Versions that a schema may refer to, directly and through others; 200 by default. */
  readonly references: number;
}

export const defaultSchemaLimits: SchemaLimits = { textLength: 262_144, depth: 64, references: 200 };

/** Refuses what needs no parser. @throws RegistryError `schema-invalid`, `schema-too-large` */
export function checkSchemaText(
  { schema, schemaType = "AVRO" }: SchemaRequest,
  { textLength }: SchemaLimits,
): void {
  if (schemaType.toUpperCase() !== "AVRO") {
    throw new RegistryError(
      "schema-invalid",
      `Invalid schema type ${schemaType.slice(0, 100)}: this registry holds AVRO`,
    );
  }
  if (schema.trim() === "") throw new RegistryError("schema-invalid", "Empty schema");
  if (schema.length > textLength) {
    throw new RegistryError(
      "schema-too-large",
      `The schema has ${schema.length} characters, more than the ${textLength} that are allowed; ` +
        "split it with references",
    );
  }
}

/** Refuses a canonical text that no database could give back unchanged. @throws RegistryError `schema-invalid` */
export function checkUnicode(canonical: string): void {
  if (!/\p{Surrogate}/u.test(canonical)) return;
  throw new RegistryError(
    "schema-invalid",
    "Invalid schema, details: it holds half of a surrogate pair, which has no UTF-8 form; remove it",
    { invalid: { path: "", rule: "unicode" } },
  );
}

/** @throws RegistryError `schema-invalid` with the place and the broken rule */
export function parseRequestedSchema(
  text: string,
  references: readonly ParsedSchema[],
  { depth, textLength }: SchemaLimits,
): ParsedSchema {
  try {
    return parseSchema(text, { references, limits: { maxDepth: depth, maxTextLength: textLength } });
  } catch (error) {
    if (!(error instanceof AvroSchemaError)) throw error;
    const shown = text.length > 300 ? `${text.slice(0, 300)}...` : text;
    throw new RegistryError("schema-invalid", `Invalid schema ${shown}, details: ${error.message}`, {
      invalid: { path: error.path, rule: error.rule },
      cause: error,
    });
  }
}

import { shallowText } from "../avro/canonical-text.ts";
import type { ParsedSchema, SchemaNode } from "../avro/parsed-schema.ts";

const longestFragment = 2_000;

/** A type's text with other named types by name only, cut where nobody reads on. */
export function schemaFragment(schema: ParsedSchema, node: SchemaNode): string {
  const text = shallowText(schema, node);
  return text.length > longestFragment ? `${text.slice(0, longestFragment)}...` : text;
}

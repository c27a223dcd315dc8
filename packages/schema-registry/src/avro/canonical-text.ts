import type { ParsedSchema } from "./parsed-schema.ts";

export function canonicalText(schema: ParsedSchema): string {
  return String(schema.root);
}

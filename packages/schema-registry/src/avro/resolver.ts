import type { ParsedSchema } from "./parsed-schema.ts";

/** Reads bytes of a writer's schema as values of a reader's schema. */
export interface Resolver {
  decode(bytes: Uint8Array): unknown;
}

export function createResolver(writer: ParsedSchema, reader: ParsedSchema): Resolver {
  throw new Error(String([writer, reader]));
}

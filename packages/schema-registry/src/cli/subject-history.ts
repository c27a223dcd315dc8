import { parseSchema } from "../avro/parse-schema.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";
import type { OperatorClient } from "../client/operator-client.ts";

/** Schemas of a registry, parsed with the schemas that they refer to; each version is fetched once. */
export interface SchemaReader {
  /** The live versions, ascending. */
  history(subject: string): Promise<readonly { readonly version: number; readonly schema: ParsedSchema }[]>;
  parse(schema: string, references: readonly SchemaReference[]): Promise<ParsedSchema>;
}

// Held against limits when it came in.
const limits = { maxTextLength: Number.POSITIVE_INFINITY, maxDepth: 10_000 };

export function createSchemaReader(
  client: RegistryClient,
  operator: OperatorClient,
  signal: AbortSignal,
): SchemaReader {
  const fetched = new Map<string, Promise<ParsedSchema>>();

  async function fetchVersion(subject: string, version: number): Promise<ParsedSchema> {
    // Also soft-deleted: a schema that refers to them lives on.
    const found = await operator.getVersion(subject, version, { signal });
    if (found === null)
      throw new Error(`Version ${version} of subject ${subject} has vanished meanwhile; try again`);
    return parse(found.schema, found.references);
  }

  async function version(subject: string, number: number): Promise<ParsedSchema> {
    const key = `${number} ${subject}`;
    const known = fetched.get(key) ?? fetchVersion(subject, number);
    fetched.set(key, known);
    return known;
  }

  async function parse(schema: string, references: readonly SchemaReference[]): Promise<ParsedSchema> {
    const used = await Promise.all(
      references.map((reference) => version(reference.subject, reference.version)),
    );
    return parseSchema(schema, { references: used, limits });
  }

  return {
    parse,

    async history(subject) {
      const numbers = await client.listVersions(subject, { signal });
      return Promise.all(
        numbers.map(async (number) => ({ version: number, schema: await version(subject, number) })),
      );
    },
  };
}

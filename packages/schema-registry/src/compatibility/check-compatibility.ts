import { compareSchemas, compareSchemasInTurns } from "../avro/compare-schemas.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { describeDifference, type ComparedSchemas } from "./describe-difference.ts";
import type { Incompatibility } from "./incompatibility.ts";

/**
 * Every reason why data written with `writer` cannot be read with `reader`; empty when it can. Verdict, kinds and
 * paths are those of Apache Avro's `SchemaCompatibility`: names count without namespace, aliases of the reader count,
 * logical types do not. Each reason is listed once, at most 100 of them.
 *
 * Throws `AvroSchemaError` (rule `too-complex`) for schemas whose comparison has no sensible end.
 */
export function checkCompatibility(reader: ParsedSchema, writer: ParsedSchema): readonly Incompatibility[] {
  const words = { reader: "the reader's schema", writer: "the writer's schema" };
  return incompatibilities({ reader, writer, words, open: "reader" });
}

/** The reasons in given words, with hints for the schema that can still be changed. */
export function incompatibilities(schemas: ComparedSchemas): readonly Incompatibility[] {
  const { differences } = compareSchemas(schemas.reader, schemas.writer);
  return differences.map((difference) => describeDifference(schemas, difference));
}

/** The same, awaiting `pause` again and again: see {@link compareSchemasInTurns}. */
export async function incompatibilitiesInTurns(
  schemas: ComparedSchemas,
  pause: () => Promise<void>,
): Promise<readonly Incompatibility[]> {
  const found: Incompatibility[] = [];
  for (const difference of await compareSchemasInTurns(schemas.reader, schemas.writer, pause)) {
    found.push(describeDifference(schemas, difference));
    await pause();
  }
  return found;
}

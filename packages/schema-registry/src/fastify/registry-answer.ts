import type { z } from "zod";
import type { JavaScriptWarning } from "../javascript/javascript-warning.ts";
import type { SchemaRefusal } from "../registry/schema-refusal.ts";
import type { StoredSchema, SubjectVersion } from "../registry/subject-version.ts";
import type { schemaShape, verdictShape, versionShape } from "./registry-answer-schema.ts";

/** A schema as Confluent answers it: no type, since AVRO is the default, and no empty list of references. */
export function schemaAnswer({
  schema,
  references,
  metadata,
  guid,
}: StoredSchema): z.input<typeof schemaShape> {
  return { schema, ...(references.length > 0 && { references }), ...(metadata && { metadata }), guid };
}

/** `ts` is Confluent's name for the time; `author` is this registry's own member. */
export function versionAnswer(found: SubjectVersion): z.input<typeof versionShape> {
  const { subject, version, id, deleted, author, registeredAt } = found;
  return {
    subject,
    version,
    id,
    ...schemaAnswer(found),
    ...(deleted && { deleted }),
    ts: registeredAt.getTime(),
    ...(author !== null && { author }),
  };
}

/** Confluent's verdict with its messages, and the same reasons as data. */
export function verdictAnswer(
  refusal: SchemaRefusal | null,
  warnings: readonly JavaScriptWarning[],
): z.input<typeof verdictShape> {
  const warned = warnings.length > 0 && { warnings };
  return refusal === null
    ? { is_compatible: true, messages: [], ...warned }
    : { is_compatible: false, messages: refusal.messages, incompatibilities: refusal.reasons, ...warned };
}

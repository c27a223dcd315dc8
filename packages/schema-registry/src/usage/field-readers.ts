import { jsonText } from "../avro/json-text.ts";
import type { FieldNode, ParsedSchema, RecordNode } from "../avro/parsed-schema.ts";
import { shortNameOf } from "../avro/schema-name.ts";
import type { SchemaChange } from "../diff/schema-change.ts";

/** A field that a change removes and that a reader's schema still takes from the data. */
export interface FieldReader {
  /** Full name of the record and name of the field, as they were. */
  readonly type: string;
  readonly field: string;
  /** What the reader takes in its place, as JSON; null when it has no default and cannot read the new data at all. */
  readonly fallback: string | null;
}

/** The removed fields that a reader's schema still uses: of a record of that name or alias, by name or alias. */
export function fieldReaders(changes: readonly SchemaChange[], reader: ParsedSchema): readonly FieldReader[] {
  const removed = changes.filter(({ change, element }) => change === "removed" && element === "field");
  if (removed.length === 0) return [];
  const found: FieldReader[] = [];
  for (const record of reader.names.values()) {
    if (record.kind !== "record") continue;
    const meant = removed.filter(({ type }) => answersTo(record, type));
    const fields = meant.length === 0 ? new Map<string, FieldNode>() : fieldsByName(record);
    for (const { type, name } of meant) {
      const field = fields.get(name);
      if (field === undefined) continue;
      const fallback = field.default === undefined ? null : jsonText(field.default);
      found.push({ type, field: name, fallback });
    }
  }
  return found;
}

function answersTo(record: RecordNode, type: string): boolean {
  return shortNameOf(record.name) === shortNameOf(type) || record.aliases.includes(type);
}

/** By every name under which a field takes its value from the data. */
function fieldsByName({ fields }: RecordNode): ReadonlyMap<string, FieldNode> {
  return new Map(
    fields.flatMap((field) => [field.name, ...field.aliases].map((name) => [name, field] as const)),
  );
}

import { jsonText } from "../avro/json-text.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
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
  const found: FieldReader[] = [];
  for (const { change, element, type, name } of changes) {
    if (change !== "removed" || element !== "field") continue;
    for (const record of reader.names.values()) {
      if (record.kind !== "record") continue;
      const isMeant = shortNameOf(record.name) === shortNameOf(type) || record.aliases.includes(type);
      const field = record.fields.find((one) => one.name === name || one.aliases.includes(name));
      if (!isMeant || field === undefined) continue;
      const fallback = field.default === undefined ? null : jsonText(field.default);
      found.push({ type, field: name, fallback });
    }
  }
  return found;
}

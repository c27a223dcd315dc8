import type { Difference } from "../avro/difference.ts";
import { nameOf } from "./type-name.ts";

/** Which of the two schemas is still to be changed: the other one has been published. */
export type OpenSchema = "reader" | "writer";

/** How to make a change compatible, in one sentence that asks for changes to the open schema only. */
export function wayOut(difference: Difference, open: OpenSchema): string {
  return open === "reader" ? changeReader(difference) : changeWriter(difference);
}

const newField = "put the new one into a new field with a default";

function changeReader({ kind, reader, writer, field, fields, branch }: Difference): string {
  switch (kind) {
    case "NAME_MISMATCH":
      return fields === undefined
        ? `Keep the name, or add "aliases": [${JSON.stringify(nameOf(writer))}] to the ${reader.kind}.`
        : "Remove the aliases that name other fields, so that each field has one source.";
    case "FIXED_SIZE_MISMATCH":
      return "Keep the size of the fixed; put the new size into a fixed with another name, in a new field with a default.";
    case "MISSING_ENUM_SYMBOLS":
      return 'Give the enum its own "default", one of its symbols, which readers take for symbols they do not know (a default of the field is not used for that), or keep the symbols.';
    case "READER_FIELD_MISSING_DEFAULT_VALUE":
      return `Give the field ${field?.name} a "default", such as null with the type ["null", ..], or, if it was renamed, an alias with its old name.`;
    case "MISSING_UNION_BRANCH":
      return `Keep ${branch === undefined ? "the type" : nameOf(branch)} among the branches of the union.`;
    case "TYPE_MISMATCH":
      if (field !== undefined) {
        return `Give the field ${field.name} itself a "default": the one of the enum is for unknown symbols, not for a missing field.`;
      }
      return writer.kind === "null"
        ? 'Keep "null" among the branches of the type: data with null may exist.'
        : `Keep the type and ${newField}; only int to long, int and long to float, these to double, and string to or from bytes may change.`;
  }
}

function changeWriter({ kind, writer, field, fields, branch }: Difference): string {
  switch (kind) {
    case "NAME_MISMATCH":
      return fields === undefined
        ? "Keep the name: the old schema has no alias for the new one."
        : "Rename the new field: the old schema has an alias of that name and would match two fields.";
    case "FIXED_SIZE_MISMATCH":
      return "Keep the size of the fixed; put the new size into a fixed with another name, in a new field with a default.";
    case "MISSING_ENUM_SYMBOLS":
      return 'Keep to the symbols of the old schema: its enum has no "default" of its own, which readers would take for symbols they do not know (a default of the field is not used for that).';
    case "READER_FIELD_MISSING_DEFAULT_VALUE":
      return `Keep the field ${field?.name}: in the old schema it has no "default", so it cannot be removed or renamed.`;
    case "MISSING_UNION_BRANCH":
      return `Take ${branch === undefined ? "the type" : nameOf(branch)} out of the union and ${newField}: the old schema has no branch for it.`;
    case "TYPE_MISMATCH":
      if (field !== undefined) {
        return `Keep the field ${field.name}: in the old schema only its enum has a "default", which is not for a missing field.`;
      }
      return writer.kind === "null"
        ? `Keep "null" out of the type and ${newField}: the old schema cannot read it.`
        : `Keep the type of the old schema and ${newField}.`;
  }
}

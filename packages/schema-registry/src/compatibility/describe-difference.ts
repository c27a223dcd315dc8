import { shallowText } from "../avro/canonical-text.ts";
import type { Difference } from "../avro/difference.ts";
import type { DefinitionNode, FieldNode, ParsedSchema } from "../avro/parsed-schema.ts";
import type { Incompatibility } from "./incompatibility.ts";

interface SchemaPair {
  readonly reader: ParsedSchema;
  readonly writer: ParsedSchema;
}

/** Puts a difference into words: what differs, and one sentence on how to make the change compatible. */
export function describeDifference(schemas: SchemaPair, difference: Difference): Incompatibility {
  const { kind, path, reader, writer } = difference;
  const [message, hint] = sentences(difference);
  const nested = (difference.nested ?? []).map((inner) => describeDifference(schemas, inner));
  return Object.freeze({
    kind,
    path,
    message,
    hint,
    readerFragment: fragment(schemas.reader, reader),
    writerFragment: fragment(schemas.writer, writer),
    ...(nested.length === 0 ? {} : { nested }),
  });
}

const maxFragment = 2000;

function fragment(schema: ParsedSchema, node: DefinitionNode): string {
  const text = shallowText(schema, node);
  return text.length > maxFragment ? `${text.slice(0, maxFragment)}...` : text;
}

function sentences(difference: Difference): [message: string, hint: string] {
  const { reader, writer } = difference;
  const place = difference.label === "" ? "The schema" : difference.label;
  switch (difference.kind) {
    case "NAME_MISMATCH":
      return difference.fields === undefined
        ? otherName(place, reader, writer)
        : tooManyNames(place, difference.fields);
    case "FIXED_SIZE_MISMATCH":
      return [
        `${place} has ${sizeOf(reader)} bytes for the reader and ${sizeOf(writer)} for the writer`,
        "Keep the size of the fixed; put the new size into a fixed with another name, in a new field with a default.",
      ];
    case "MISSING_ENUM_SYMBOLS":
      return [
        `${place}: the reader's enum ${typeName(reader)} lacks the writer's symbols ${list(difference.symbols ?? [])}`,
        'Give the enum its own "default", one of its symbols, which readers take for symbols they do not know (a default of the field is not used for that), or keep the symbols.',
      ];
    case "READER_FIELD_MISSING_DEFAULT_VALUE":
      return missingDefault(place, difference.field);
    case "MISSING_UNION_BRANCH":
      return missingBranch(place, difference);
    case "TYPE_MISMATCH":
      return difference.field === undefined
        ? otherType(place, reader, writer)
        : enumDefaultOnly(place, difference.field);
  }
}

function otherName(place: string, reader: DefinitionNode, writer: DefinitionNode): [string, string] {
  return [
    `${place} has the type ${typeName(reader)} for the reader and ${typeName(writer)} for the writer`,
    `Keep the name, or add "aliases": [${JSON.stringify(typeName(writer))}] to the reader's ${reader.kind}.`,
  ];
}

function tooManyNames(place: string, fields: readonly string[]): [string, string] {
  return [
    `${place} matches several fields of the writer through its aliases: ${list(fields)}`,
    "Remove the aliases that name other fields, so that each field of the reader has one source.",
  ];
}

function missingDefault(place: string, field: FieldNode | undefined): [string, string] {
  const name = field?.name ?? "";
  return [
    `${place} has no default and is missing in the writer's schema`,
    `Give the field ${name} a "default", such as null with the type ["null", ..], or, if it was renamed, an alias with its old name.`,
  ];
}

function enumDefaultOnly(place: string, field: FieldNode): [string, string] {
  return [
    `${place} is missing in the writer's schema, and only its enum has a default`,
    `Give the field ${field.name} itself a "default": the one of the enum is for unknown symbols, not for a missing field.`,
  ];
}

function missingBranch(place: string, { branch, nested = [] }: Difference): [string, string] {
  const type = branch === undefined ? "a type" : typeName(branch);
  const [reason] = nested;
  return reason === undefined
    ? [
        `${place}: the reader's union has no branch for the writer's ${type}`,
        `Keep ${type} among the branches of the reader's union.`,
      ]
    : [
        `${place}: no branch of the reader's union can read the writer's ${type}: ${sentences(reason)[0]}`,
        sentences(reason)[1],
      ];
}

function otherType(place: string, reader: DefinitionNode, writer: DefinitionNode): [string, string] {
  return [
    `${place} is ${typeName(reader)} for the reader and ${typeName(writer)} for the writer`,
    writer.kind === "null"
      ? 'Keep "null" among the branches of the type: data with null may exist.'
      : "Keep the type and put the new one into a new field with a default; only int to long, int and long to float, these to double, and string to or from bytes may change.",
  ];
}

function typeName(node: DefinitionNode): string {
  return "name" in node ? node.name : node.kind;
}

function sizeOf(node: DefinitionNode): number {
  return node.kind === "fixed" ? node.size : 0;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

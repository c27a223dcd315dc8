import { shallowText } from "../avro/canonical-text.ts";
import type { Difference } from "../avro/difference.ts";
import type { DefinitionNode, ParsedSchema } from "../avro/parsed-schema.ts";
import type { Incompatibility } from "./incompatibility.ts";
import { nameOf } from "./type-name.ts";
import { wayOut, type OpenSchema } from "./way-out.ts";

/** The two schemas of a comparison, what to call them, and which of them can still be changed. */
export interface ComparedSchemas {
  readonly reader: ParsedSchema;
  readonly writer: ParsedSchema;
  readonly words: { readonly reader: string; readonly writer: string };
  readonly open: OpenSchema;
}

// Unions within unions have reasons within reasons: nobody reads hundreds, and some schemas have millions.
const maxNested = 10;

/** Puts a difference into words: what differs, and one sentence on how to make the change compatible. */
export function describeDifference(
  schemas: ComparedSchemas,
  difference: Difference,
  room = { left: maxNested },
): Incompatibility {
  const { kind, path, reader, writer } = difference;
  const nested: Incompatibility[] = [];
  for (const inner of difference.nested ?? []) {
    if (room.left === 0) break;
    room.left -= 1;
    nested.push(describeDifference(schemas, inner, room));
  }
  return Object.freeze({
    kind,
    path,
    message: message(schemas, difference),
    hint: nested[0]?.hint ?? wayOut(difference, schemas.open),
    readerFragment: fragment(schemas.reader, reader),
    writerFragment: fragment(schemas.writer, writer),
    ...(nested.length === 0 ? {} : { nested }),
  });
}

const maxFragment = 2000;

/** One type often takes part in many differences, and a large one is costly to print. */
const fragments = new WeakMap<DefinitionNode, string>();

function fragment(schema: ParsedSchema, node: DefinitionNode): string {
  const known = fragments.get(node);
  if (known !== undefined) return known;
  const text = shallowText(schema, node);
  const shown = text.length > maxFragment ? `${text.slice(0, maxFragment)}...` : text;
  fragments.set(node, shown);
  return shown;
}

function message(schemas: ComparedSchemas, difference: Difference): string {
  const { words } = schemas;
  const { reader, writer } = difference;
  const place = difference.label === "" ? "The schema" : difference.label;
  switch (difference.kind) {
    case "NAME_MISMATCH":
      return difference.fields === undefined
        ? `${place} has the type ${nameOf(reader)} in ${words.reader} and ${nameOf(writer)} in ${words.writer}`
        : `${place} of ${words.reader} matches several fields of ${words.writer} through its aliases: ${list(difference.fields)}`;
    case "FIXED_SIZE_MISMATCH":
      return `${place} has ${sizeOf(reader)} bytes in ${words.reader} and ${sizeOf(writer)} in ${words.writer}`;
    case "MISSING_ENUM_SYMBOLS":
      return `${place}: the enum ${nameOf(reader)} of ${words.reader} lacks symbols of ${words.writer}: ${list(difference.symbols ?? [])}`;
    case "READER_FIELD_MISSING_DEFAULT_VALUE":
      return `${place} has no default in ${words.reader} and is missing in ${words.writer}`;
    case "MISSING_UNION_BRANCH":
      return branchMessage(schemas, place, difference);
    case "TYPE_MISMATCH":
      return difference.field === undefined
        ? `${place} is ${nameOf(reader)} in ${words.reader} and ${nameOf(writer)} in ${words.writer}`
        : `${place} is missing in ${words.writer}, and in ${words.reader} only its enum has a default`;
  }
}

function branchMessage(schemas: ComparedSchemas, place: string, { branch, nested }: Difference): string {
  const { words } = schemas;
  const type = branch === undefined ? "a type" : nameOf(branch);
  const [reason] = nested ?? [];
  return reason === undefined
    ? `${place}: the union of ${words.reader} has no branch for ${type} of ${words.writer}`
    : `${place}: no branch of the union of ${words.reader} can read ${type} of ${words.writer}: ${message(schemas, reason)}`;
}

function sizeOf(node: DefinitionNode): number {
  return node.kind === "fixed" ? node.size : 0;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

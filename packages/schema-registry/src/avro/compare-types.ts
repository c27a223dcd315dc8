import type { Difference } from "./difference.ts";
import { branchCandidates, firstOfKind, matchingFields, namesMatch } from "./match-types.ts";
import type {
  DefinitionNode,
  EnumNode,
  FieldNode,
  NamedNode,
  ParsedSchema,
  RecordNode,
  SchemaNode,
  UnionNode,
} from "./parsed-schema.ts";

const maxDifferences = 100;

export type Differences = ReadonlySet<Difference>;

export const compatible: Differences = new Set();

/** The schemas whose types are compared: a reference is looked up in its own. */
export interface SchemaPair {
  readonly reader: ParsedSchema;
  readonly writer: ParsedSchema;
}

/** Where in the reader's schema: as JSON pointer, and as names for people. */
interface Place {
  readonly pointer: string;
  readonly label: string;
}

export interface Pair {
  readonly reader: SchemaNode;
  readonly writer: SchemaNode;
  readonly place: Place;
}

/** A comparison that asks for the comparison of parts by yielding them. */
export type PairComparison = Generator<Pair, Differences, Differences>;

/** Compares two types; the types they consist of are compared by yielding them. */
export function* compareTypes(
  schemas: SchemaPair,
  reader: DefinitionNode,
  writer: DefinitionNode,
  place: Place,
): PairComparison {
  if (reader.kind === "union") {
    return writer.kind === "union"
      ? yield* compareUnions(schemas, reader, writer, place)
      : yield* findBranch(schemas, reader, writer, place);
  }
  if (writer.kind === "union") {
    const found = new Set<Difference>();
    for (const [index, branch] of writer.branches.entries()) {
      merge(found, yield { reader, writer: branch, place: within(place, String(index)) });
    }
    return found;
  }
  if (reader.kind === "array" && writer.kind === "array") {
    return yield { reader: reader.items, writer: writer.items, place: within(place, "items", "[]") };
  }
  if (reader.kind === "map" && writer.kind === "map") {
    return yield { reader: reader.values, writer: writer.values, place: within(place, "values", "{}") };
  }
  if (reader.kind === "record" && writer.kind === "record") {
    const found = compareNames(reader, writer, place);
    return merge(found, yield* compareFields(schemas, reader, writer, named(place, reader)));
  }
  if (reader.kind === "enum" && writer.kind === "enum") return compareEnums(reader, writer, place);
  if (reader.kind === "fixed" && writer.kind === "fixed") {
    const found = compareNames(reader, writer, place);
    if (reader.size !== writer.size) {
      report(found, within(place, "size"), { kind: "FIXED_SIZE_MISMATCH", reader, writer });
    }
    return found;
  }
  if (reader.kind === writer.kind || promotions[reader.kind]?.includes(writer.kind)) return compatible;
  return report(new Set(), place, { kind: "TYPE_MISMATCH", reader, writer });
}

/** What may be read as something else, by the kind of the reader. */
const promotions: Partial<Record<DefinitionNode["kind"], readonly DefinitionNode["kind"][]>> = {
  long: ["int"],
  float: ["int", "long"],
  double: ["int", "long", "float"],
  bytes: ["string"],
  string: ["bytes"],
};

function compareNames(reader: NamedNode, writer: NamedNode, place: Place): Set<Difference> {
  return namesMatch(reader, writer)
    ? new Set()
    : report(new Set(), within(place, "name"), { kind: "NAME_MISMATCH", reader, writer });
}

function compareEnums(reader: EnumNode, writer: EnumNode, place: Place): Differences {
  const found = compareNames(reader, writer, place);
  const known = new Set(reader.symbols);
  const symbols = writer.symbols.filter((symbol) => !known.has(symbol));
  if (symbols.length > 0 && reader.default === undefined) {
    report(found, within(place, "symbols"), { kind: "MISSING_ENUM_SYMBOLS", reader, writer, symbols });
  }
  return found;
}

function* compareFields(
  schemas: SchemaPair,
  reader: RecordNode,
  writer: RecordNode,
  place: Place,
): PairComparison {
  const found = new Set<Difference>();
  for (const [index, field] of reader.fields.entries()) {
    const at = within(place, `fields/${index}`, `.${field.name}`);
    const [source, ...others] = matchingFields(writer, field);
    if (others.length > 0) {
      const fields = [source, ...others].map((match) => match?.name ?? "");
      report(found, within(at, "aliases"), { kind: "NAME_MISMATCH", reader, writer, field, fields });
    } else if (source !== undefined) {
      merge(found, yield { reader: field.type, writer: source.type, place: within(at, "type") });
    } else if (field.default === undefined) {
      merge(found, missingField(schemas, reader, writer, field, at));
    }
  }
  return found;
}

/** Apache compares an enum that has a default of its own with the writer's record, which is never compatible. */
function missingField(
  schemas: SchemaPair,
  reader: RecordNode,
  writer: RecordNode,
  field: FieldNode,
  place: Place,
): Differences {
  const type = definition(schemas.reader, field.type);
  return type.kind === "enum" && type.default !== undefined
    ? report(new Set(), within(place, "type"), { kind: "TYPE_MISMATCH", reader: type, writer, field })
    : report(new Set(), place, { kind: "READER_FIELD_MISSING_DEFAULT_VALUE", reader, writer, field });
}

function* compareUnions(
  schemas: SchemaPair,
  reader: UnionNode,
  writer: UnionNode,
  place: Place,
): PairComparison {
  const found = new Set<Difference>();
  for (const [index, branch] of writer.branches.entries()) {
    const [reason] = yield { reader, writer: branch, place };
    if (reason === undefined) continue;
    report(found, within(place, String(index)), {
      kind: "MISSING_UNION_BRANCH",
      reader,
      writer,
      branch: definition(schemas.writer, branch),
      nested: reason.nested ?? [],
    });
  }
  return found;
}

function* findBranch(
  schemas: SchemaPair,
  reader: UnionNode,
  writer: DefinitionNode,
  place: Place,
): PairComparison {
  const { names } = schemas.reader;
  let nested: readonly Difference[] = [];
  for (const { index, isClose } of branchCandidates(names, reader, writer)) {
    const branch = reader.branches[index];
    if (branch === undefined) continue;
    const differences = yield { reader: branch, writer, place: within(place, String(index)) };
    if (differences.size === 0) return compatible;
    if (nested.length === 0 && isClose) nested = [...differences];
  }
  const similar = nested.length === 0 ? firstOfKind(names, reader, writer) : undefined;
  const branch = similar === undefined ? undefined : reader.branches[similar];
  if (branch !== undefined) {
    nested = [...(yield { reader: branch, writer, place: within(place, String(similar)) })];
  }
  return report(new Set(), place, { kind: "MISSING_UNION_BRANCH", reader, writer, branch: writer, nested });
}

function report(
  found: Set<Difference>,
  place: Place,
  difference: Omit<Difference, "path" | "label">,
): Set<Difference> {
  if (found.size >= maxDifferences) return found;
  return found.add({ path: place.pointer === "" ? "/" : place.pointer, label: place.label, ...difference });
}

function merge(found: Set<Difference>, more: Differences): Set<Difference> {
  for (const reason of more) {
    if (found.size >= maxDifferences) break;
    found.add(reason);
  }
  return found;
}

function within(place: Place, step: string, label = ""): Place {
  return { pointer: `${place.pointer}/${step}`, label: place.label + label };
}

/** The label begins with the name of the outermost record. */
function named(place: Place, record: RecordNode): Place {
  return place.label === "" ? { ...place, label: record.name } : place;
}

/** The type itself, where a node only names it. */
export function definition(schema: ParsedSchema, node: SchemaNode): DefinitionNode {
  if (node.kind !== "reference") return node;
  const target = schema.names.get(node.name);
  // A parsed schema has a definition for each name.
  if (target === undefined) throw new Error(`The schema does not define ${node.name}`);
  return target;
}

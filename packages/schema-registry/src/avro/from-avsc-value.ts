import { AvroSchemaError } from "./avro-schema-error.ts";
import { avscBranch, avscMember, type AvscNames } from "./avsc-names.ts";
import { defaultAvscValue } from "./default-avsc-value.ts";
import { definitionOf } from "./definition-of.ts";
import { fromAvscLeaf, type FromAvsc } from "./from-avsc-leaf.ts";
import { branchCandidates, matchingFields } from "./match-types.ts";
import type {
  DefinitionNode,
  FieldNode,
  NamedNode,
  ParsedSchema,
  RecordNode,
  SchemaNode,
  UnionNode,
} from "./parsed-schema.ts";
import { branchName, isWrapped } from "./union-branches.ts";
import { withStep } from "./value-fault.ts";

/** Whether values of one type of the writer can be read as one type of the reader. */
type IsReadable = (reader: SchemaNode, writer: SchemaNode) => boolean;

/** What {@link fromAvscValue} is about. The schemas must match. */
export interface Reading {
  readonly writer: ParsedSchema;
  readonly reader: ParsedSchema;
  /** Decides which branch of a reader's union takes a value. */
  readonly isReadable: IsReadable;
  readonly names: AvscNames;
}

/**
 * Turns what avsc has read with a writer's schema into values of a reader's schema. avsc has a resolution of its own,
 * which refuses readers that the compatibility check admits: it compares names with namespaces, takes the first branch
 * of a union that would do, and reads a default as the first branch of its union.
 */
export function fromAvscValue(reading: Reading): FromAvsc {
  const queue: (() => void)[] = [];
  const defaults = { ...reading, writtenNames: reading.reader.names, records: new Map(), queue };
  const written = { ...reading, writtenNames: reading.writer.names, records: new Map(), queue };
  const convert = compile({ ...written, defaults }, reading.writer.root, reading.reader.root);
  for (let record = queue.pop(); record !== undefined; record = queue.pop()) record();
  return convert;
}

interface Compilation extends Reading {
  /** Where the types that are read are defined. */
  readonly writtenNames: ReadonlyMap<string, NamedNode>;
  readonly records: Map<RecordNode, Map<RecordNode, FromAvsc>>;
  /** Records still to compile: chains of types must not cost stack. */
  readonly queue: (() => void)[];
  /** For defaults, which are of the reader's own types; itself has none. */
  readonly defaults?: Compilation;
}

function compile(compilation: Compilation, written: SchemaNode, wanted: SchemaNode): FromAvsc {
  const writer = definitionOf(compilation.writtenNames, written);
  const reader = definitionOf(compilation.reader.names, wanted);
  if (writer.kind === "union") return unionFromAvsc(compilation, writer, reader);
  if (reader.kind === "union") {
    const found = branchCandidates(compilation.reader.names, reader, writer).find(({ index }) => {
      const branch = reader.branches[index];
      return branch !== undefined && compilation.isReadable(branch, writer);
    });
    if (found !== undefined) return intoBranch(compilation, writer, reader, found.index);
  } else if (writer.kind === "record") {
    if (reader.kind === "record") return recordFromAvsc(compilation, writer, reader);
  } else if (writer.kind === "array") {
    if (reader.kind === "array") return arrayFromAvsc(compile(compilation, writer.items, reader.items));
  } else if (writer.kind === "map") {
    if (reader.kind === "map") return mapFromAvsc(compile(compilation, writer.values, reader.values));
  } else if (reader.kind !== "record" && reader.kind !== "array" && reader.kind !== "map") {
    const convert = fromAvscLeaf(writer, reader);
    if (convert !== undefined) return convert;
  }
  throw incompatible(`Values of ${branchName(writer)} cannot be read as ${branchName(reader)}`);
}

function unionFromAvsc(compilation: Compilation, writer: UnionNode, reader: DefinitionNode): FromAvsc {
  const conversions = new Map(
    writer.branches.map((branch, index) => [
      avscBranch(compilation.names, definitionOf(compilation.writtenNames, branch)),
      reader === writer
        ? intoBranch(compilation, branch, reader, index)
        : compile(compilation, branch, reader),
    ]),
  );
  const convertNull = conversions.get("null");
  return (read) => {
    if (read === null) return convertNull?.(read);
    const [key = ""] = Object.keys(read);
    return conversions.get(key)?.(read[key]);
  };
}

/** Into one branch of the reader's union. */
function intoBranch(
  compilation: Compilation,
  writer: SchemaNode,
  reader: UnionNode,
  index: number,
): FromAvsc {
  const branch = reader.branches[index] ?? writer;
  const convert = compile(compilation, writer, branch);
  const name = branchName(branch);
  return isWrapped(reader) && branch.kind !== "null" ? (read) => ({ [name]: convert(read) }) : convert;
}

interface FieldConversion {
  readonly name: string;
  /** Where the writer's record has it; "" for a default. */
  readonly member: string;
  readonly convert: FromAvsc;
}

function recordFromAvsc(compilation: Compilation, writer: RecordNode, reader: RecordNode): FromAvsc {
  const readers = compilation.records.get(writer) ?? new Map<RecordNode, FromAvsc>();
  compilation.records.set(writer, readers);
  const known = readers.get(reader);
  if (known !== undefined) return known;
  const fields: FieldConversion[] = [];
  compilation.queue.push(() => fields.push(...fieldConversions(compilation, writer, reader)));
  const fromAvsc: FromAvsc = (read) => {
    const record: Record<string, unknown> = {};
    for (const { name, member, convert } of fields) {
      try {
        setOwn(record, name, convert(read[member]));
      } catch (error) {
        throw withStep(error, `.${name}`);
      }
    }
    return record;
  };
  readers.set(reader, fromAvsc);
  return fromAvsc;
}

function* fieldConversions(
  compilation: Compilation,
  writer: RecordNode,
  reader: RecordNode,
): Iterable<FieldConversion> {
  const members = new Map(writer.fields.map((field, index) => [field, avscMember(index)]));
  for (const field of reader.fields) {
    const { name, type } = field;
    const [written] = matchingFields(writer, field);
    const member = written && members.get(written);
    yield written === undefined || member === undefined
      ? { name, member: "", convert: defaultConversion(compilation, reader, field) }
      : { name, member, convert: compile(compilation, written.type, type) };
  }
}

function defaultConversion(compilation: Compilation, record: RecordNode, field: FieldNode): FromAvsc {
  const { reader, names, defaults = compilation } = compilation;
  if (field.default === undefined) {
    throw incompatible(
      `The record ${record.name} has a field ${field.name} without default, which the writer does not have`,
    );
  }
  const read = defaultAvscValue(reader, names, field.type, field.default);
  const convert = compile(defaults, field.type, field.type);
  return () => convert(read);
}

function arrayFromAvsc(convert: FromAvsc): FromAvsc {
  return (read: readonly unknown[]) => {
    const items: unknown[] = [];
    try {
      for (const item of read) items.push(convert(item));
    } catch (error) {
      throw withStep(error, `[${items.length}]`);
    }
    return items;
  };
}

function mapFromAvsc(convert: FromAvsc): FromAvsc {
  const [entriesMember, keyMember, valueMember] = [avscMember(0), avscMember(0), avscMember(1)];
  return (read) => {
    const map: Record<string, unknown> = {};
    for (const entry of read[entriesMember]) {
      const key: string = entry[keyMember];
      try {
        setOwn(map, key, convert(entry[valueMember]));
      } catch (error) {
        throw withStep(error, `[${JSON.stringify(key)}]`);
      }
    }
    return map;
  };
}

/** Sets an own property, also one named `__proto__`, which an assignment would take for the prototype. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function incompatible(message: string): AvroSchemaError {
  return new AvroSchemaError({ path: "", rule: "incompatible", message });
}

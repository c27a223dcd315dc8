import { AvroSchemaError } from "./avro-schema-error.ts";
import { compileDefault } from "./compile-default.ts";
import { compileSkip, definitionOf, takesBytes, unionBranch, type SkipCompilation } from "./compile-skip.ts";
import { branchCandidates, matchingFields } from "./match-types.ts";
import type { FieldNode, ParsedSchema, RecordNode, SchemaNode, UnionNode } from "./parsed-schema.ts";
import { leafReader, type Read } from "./read-leaf.ts";
import { branchName, isWrapped } from "./union-branches.ts";
import { withStep } from "./value-fault.ts";

/** Whether values of one type of the writer can be read as one type of the reader. */
export type IsReadable = (reader: SchemaNode, writer: SchemaNode) => boolean;

/**
 * Turns a writer's and a reader's schema into a function that reads the writer's bytes as the reader's values. The
 * schemas must match: `isReadable` decides which branch of a reader's union takes a value.
 */
export function compileReader(writer: ParsedSchema, reader: ParsedSchema, isReadable: IsReadable): Read {
  const compilation: Compilation = {
    writerNames: writer.names,
    reader,
    isReadable,
    skips: new Map(),
    records: new Map(),
    queue: [],
  };
  const read = compile(compilation, writer.root, reader.root);
  for (let record = compilation.queue.pop(); record !== undefined; record = compilation.queue.pop()) record();
  return read;
}

interface Compilation extends SkipCompilation {
  readonly reader: ParsedSchema;
  readonly isReadable: IsReadable;
  readonly records: Map<RecordNode, Map<RecordNode, Read>>;
}

function compile(compilation: Compilation, written: SchemaNode, wanted: SchemaNode): Read {
  const writer = definitionOf(compilation.writerNames, written);
  const reader = definitionOf(compilation.reader.names, wanted);
  if (writer.kind === "union") {
    const branches = writer.branches.map((branch, index) =>
      reader === writer ? wrapped(compilation, branch, reader, index) : compile(compilation, branch, reader),
    );
    return (source) => unionBranch(source, branches)(source);
  }
  if (reader.kind === "union") {
    const found = branchCandidates(compilation.reader.names, reader, writer).find(({ index }) => {
      const branch = reader.branches[index];
      return branch !== undefined && compilation.isReadable(branch, writer);
    });
    if (found !== undefined) return wrapped(compilation, writer, reader, found.index);
  } else if (writer.kind === "record") {
    if (reader.kind === "record") return recordReader(compilation, writer, reader);
  } else if (writer.kind === "array") {
    if (reader.kind === "array") return arrayReader(compilation, writer.items, reader.items);
  } else if (writer.kind === "map") {
    if (reader.kind === "map") return mapReader(compile(compilation, writer.values, reader.values));
  } else if (reader.kind !== "record" && reader.kind !== "array" && reader.kind !== "map") {
    const read = leafReader(writer, reader);
    if (read !== undefined) return read;
  }
  throw new AvroSchemaError({
    path: "",
    rule: "incompatible",
    message: `Values of ${branchName(writer)} cannot be read as ${branchName(reader)}`,
  });
}

/** Reads into one branch of the reader's union. */
function wrapped(compilation: Compilation, writer: SchemaNode, reader: UnionNode, index: number): Read {
  const branch = reader.branches[index] ?? writer;
  const read = compile(compilation, writer, branch);
  const name = branchName(branch);
  return isWrapped(reader) && branch.kind !== "null" ? (source) => ({ [name]: read(source) }) : read;
}

interface Step {
  /** The reader's field, or "" for a value that it does not have. */
  readonly name: string;
  readonly read: Read;
}

function recordReader(compilation: Compilation, writer: RecordNode, reader: RecordNode): Read {
  const readers = compilation.records.get(writer) ?? new Map<RecordNode, Read>();
  compilation.records.set(writer, readers);
  const known = readers.get(reader);
  if (known !== undefined) return known;
  const steps: Step[] = [];
  compilation.queue.push(() => steps.push(...recordSteps(compilation, writer, reader)));
  const read: Read = (source) => {
    source.enter();
    const record: Record<string, unknown> = {};
    let index = 0;
    try {
      for (; index < steps.length; index++) {
        const step = steps[index];
        if (step === undefined) break;
        const value = step.read(source);
        if (step.name === "__proto__") setOwn(record, step.name, value);
        else if (step.name !== "") record[step.name] = value;
      }
    } catch (error) {
      throw withStep(error, `.${steps[index]?.name}`);
    }
    source.leave();
    return record;
  };
  readers.set(reader, read);
  return read;
}

function recordSteps(compilation: Compilation, writer: RecordNode, reader: RecordNode): Step[] {
  const sources = new Map<FieldNode, FieldNode[]>();
  const steps: Step[] = [];
  for (const field of reader.fields) {
    const [written] = matchingFields(writer, field);
    if (written !== undefined) sources.set(written, [...(sources.get(written) ?? []), field]);
  }
  for (const written of writer.fields) {
    const fields = sources.get(written) ?? [];
    const reads = fields.map((field) => compile(compilation, written.type, field.type));
    if (reads.length === 0) steps.push({ name: "", read: compileSkip(compilation, written.type) });
    for (const [index, read] of reads.entries()) {
      // Two fields with the same alias take the same value: all but the last read ahead.
      steps.push({ name: fields[index]?.name ?? "", read: index < reads.length - 1 ? ahead(read) : read });
    }
  }
  for (const field of reader.fields) {
    if (matchingFields(writer, field).length > 0) continue;
    if (field.default === undefined) {
      throw new AvroSchemaError({
        path: "",
        rule: "incompatible",
        message: `The record ${reader.name} has a field ${field.name} without default, which the writer does not have`,
      });
    }
    steps.push({ name: field.name, read: compileDefault(compilation.reader, field.type, field.default) });
  }
  return steps;
}

function ahead(read: Read): Read {
  return (source) => {
    const start = source.position();
    const value = read(source);
    source.rewind(start);
    return value;
  };
}

function arrayReader(compilation: Compilation, writerItems: SchemaNode, readerItems: SchemaNode): Read {
  const readItem = compile(compilation, writerItems, readerItems);
  const itemsTakeBytes = takesBytes(compilation.writerNames, writerItems);
  return (source) => {
    const items: unknown[] = [];
    try {
      for (let left = source.readBlock(itemsTakeBytes); left !== 0; left = source.readBlock(itemsTakeBytes)) {
        for (; left > 0; left--) items.push(readItem(source));
      }
    } catch (error) {
      throw withStep(error, `[${items.length}]`);
    }
    return items;
  };
}

function mapReader(readValue: Read): Read {
  return (source) => {
    const map: Record<string, unknown> = {};
    for (let left = source.readBlock(true); left !== 0; left = source.readBlock(true)) {
      for (; left > 0; left--) {
        const key = source.readString();
        try {
          setOwn(map, key, readValue(source));
        } catch (error) {
          throw withStep(error, `[${JSON.stringify(key)}]`);
        }
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

import type { ByteWriter } from "./byte-writer.ts";
import type { ParsedSchema, RecordNode, SchemaNode, UnionNode } from "./parsed-schema.ts";
import { branchName, isWrapped } from "./union-branches.ts";
import { describeValue, ValueFault, withStep } from "./value-fault.ts";
import { leafWriter, type Write } from "./write-leaf.ts";

/**
 * Turns a schema into a function that writes its values. Records are compiled from a queue, not by recursion: a type
 * may use itself, and long chains of types cost no stack.
 */
export function compileWriter(schema: ParsedSchema): Write {
  const compilation: Compilation = { schema, records: new Map(), queue: [] };
  const write = compile(compilation, schema.root);
  for (let record = compilation.queue.pop(); record !== undefined; record = compilation.queue.pop()) record();
  return write;
}

interface Compilation {
  readonly schema: ParsedSchema;
  readonly records: Map<RecordNode, Write>;
  readonly queue: (() => void)[];
}

function compile(compilation: Compilation, node: SchemaNode): Write {
  switch (node.kind) {
    case "reference": {
      const target = compilation.schema.names.get(node.name);
      // A parsed schema has a definition for each name.
      if (target === undefined) throw new Error(`The schema does not define ${node.name}`);
      return compile(compilation, target);
    }
    case "record":
      return recordWriter(compilation, node);
    case "array":
      return arrayWriter(compile(compilation, node.items));
    case "map":
      return mapWriter(compile(compilation, node.values));
    case "union":
      return unionWriter(compilation, node);
    default:
      return leafWriter(node);
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordWriter(compilation: Compilation, node: RecordNode): Write {
  const known = compilation.records.get(node);
  if (known !== undefined) return known;
  const names = node.fields.map((field) => field.name);
  const writers: Write[] = [];
  compilation.queue.push(() => {
    for (const field of node.fields) writers.push(compile(compilation, field.type));
  });
  const write: Write = (out, value) => {
    if (!isObject(value)) throw new ValueFault(`record ${node.name} (an object)`, describeValue(value));
    out.enter();
    let index = 0;
    try {
      for (; index < writers.length; index++) writers[index]?.(out, value[names[index] ?? ""]);
    } catch (error) {
      const name = names[index] ?? "";
      if (error instanceof ValueFault && value[name] === undefined) error.advise("the field is required");
      throw withStep(error, `.${name}`);
    }
    out.leave();
  };
  compilation.records.set(node, write);
  return write;
}

function arrayWriter(writeItem: Write): Write {
  return (out, value) => {
    if (!Array.isArray(value)) throw new ValueFault("array", describeValue(value));
    if (value.length > 0) {
      out.writeInt(value.length);
      let index = 0;
      try {
        for (; index < value.length; index++) writeItem(out, value[index]);
      } catch (error) {
        throw withStep(error, `[${index}]`);
      }
    }
    out.writeByte(0);
  };
}

function mapWriter(writeValue: Write): Write {
  return (out, value) => {
    if (!isObject(value) || value instanceof Map) {
      const remedy = value instanceof Map ? "use Object.fromEntries(map)" : "";
      throw new ValueFault("map (an object)", describeValue(value), remedy);
    }
    const keys = Object.keys(value);
    if (keys.length > 0) out.writeInt(keys.length);
    for (const key of keys) {
      try {
        writeKey(out, key);
        writeValue(out, value[key]);
      } catch (error) {
        throw withStep(error, `[${JSON.stringify(key)}]`);
      }
    }
    out.writeByte(0);
  };
}

const writeKey = leafWriter({ kind: "string", properties: new Map() });

function unionWriter(compilation: Compilation, node: UnionNode): Write {
  const writers = node.branches.map((branch) => compile(compilation, branch));
  const nullIndex = node.branches.findIndex((branch) => branch.kind === "null");
  return isWrapped(node)
    ? wrappedWriter(
        new Map(node.branches.map((branch, index) => [branchName(branch), index])),
        writers,
        nullIndex,
      )
    : plainWriter(node, writers, nullIndex);
}

/** A union with one branch besides null, or none. */
function plainWriter(node: UnionNode, writers: readonly Write[], nullIndex: number): Write {
  const valueIndex = node.branches.findIndex((branch) => branch.kind !== "null");
  const writeBranch = writers[valueIndex];
  return (out, value) => {
    if (value === null && nullIndex !== -1) return out.writeByte(nullIndex * 2);
    if (writeBranch === undefined) {
      throw new ValueFault(nullIndex === -1 ? "a branch of an empty union" : "null", describeValue(value));
    }
    out.writeByte(valueIndex * 2);
    if (value === undefined && nullIndex !== -1) {
      throw new ValueFault("a value or null", "undefined", "write null for no value");
    }
    writeBranch(out, value);
  };
}

function wrappedWriter(
  indexes: ReadonlyMap<string, number>,
  writers: readonly Write[],
  nullIndex: number,
): Write {
  return (out: ByteWriter, value: unknown) => {
    if (value === null && nullIndex !== -1) return out.writeInt(nullIndex);
    const [name, ...others] = isObject(value) ? Object.keys(value) : [];
    const index = name === undefined ? undefined : indexes.get(name);
    if (!isObject(value) || name === undefined || index === undefined || others.length > 0) {
      const names = [...indexes.keys()].filter((branch) => branch !== "null");
      throw new ValueFault(
        `one of ${names.map((branch) => `{ ${JSON.stringify(branch)}: .. }`).join(", ")}${nullIndex === -1 ? "" : " or null"}`,
        describeValue(value),
        "wrap the value in an object with the name of its branch",
      );
    }
    out.writeInt(index);
    try {
      writers[index]?.(out, value[name]);
    } catch (error) {
      throw withStep(error, `[${JSON.stringify(name)}]`);
    }
  };
}

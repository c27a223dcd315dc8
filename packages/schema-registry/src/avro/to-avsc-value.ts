import { avscBranch, avscMember, type AvscNames } from "./avsc-names.ts";
import { definitionOf } from "./definition-of.ts";
import type { ParsedSchema, RecordNode, SchemaNode, UnionNode } from "./parsed-schema.ts";
import { toAvscLeaf } from "./to-avsc-leaf.ts";
import { branchName, isWrapped } from "./union-branches.ts";
import { describeValue, maxNesting, ValueFault, withStep } from "./value-fault.ts";

/** Checks a value and gives it in the form that avsc writes, or throws a {@link ValueFault}. */
type ToAvsc = (value: unknown, depth: number) => unknown;

/** The check and the conversion of a schema's values: avsc itself takes some that are none, and names no place. */
export function toAvscValue(schema: ParsedSchema, names: AvscNames): (value: unknown) => unknown {
  const convert = compile({ schema, names, records: new Map() }, schema.root);
  return (value) => convert(value, 0);
}

interface Compilation {
  readonly schema: ParsedSchema;
  readonly names: AvscNames;
  readonly records: Map<RecordNode, ToAvsc>;
}

function compile(compilation: Compilation, written: SchemaNode): ToAvsc {
  const node = definitionOf(compilation.schema.names, written);
  switch (node.kind) {
    case "record":
      return recordToAvsc(compilation, node);
    case "array":
      return arrayToAvsc(compile(compilation, node.items));
    case "map":
      return mapToAvsc(compile(compilation, node.values));
    case "union":
      return isWrapped(node) ? wrappedToAvsc(compilation, node) : plainToAvsc(compilation, node);
    default:
      return toAvscLeaf(node);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The conversions of a record's fields are made when it is first met: types may use themselves, in chains of any length. */
function recordToAvsc(compilation: Compilation, node: RecordNode): ToAvsc {
  const known = compilation.records.get(node);
  if (known !== undefined) return known;
  let fields: readonly { name: string; member: string; convert: ToAvsc }[] | null = null;
  const toAvsc: ToAvsc = (value, depth) => {
    if (!isObject(value)) throw new ValueFault(`record ${node.name} (an object)`, describeValue(value));
    if (depth === maxNesting) {
      throw new ValueFault(`at most ${maxNesting} nested records`, "more", "the value may refer to itself");
    }
    fields ??= node.fields.map(({ name, type }, index) => {
      return { name, member: avscMember(index), convert: compile(compilation, type) };
    });
    const record: Record<string, unknown> = {};
    for (const { name, member, convert } of fields) {
      const part = value[name];
      try {
        record[member] = convert(part, depth + 1);
      } catch (error) {
        if (error instanceof ValueFault && part === undefined) error.advise("the field is required");
        throw withStep(error, `.${name}`);
      }
    }
    return record;
  };
  compilation.records.set(node, toAvsc);
  return toAvsc;
}

function arrayToAvsc(convert: ToAvsc): ToAvsc {
  return (value, depth) => {
    if (!Array.isArray(value)) throw new ValueFault("array", describeValue(value));
    const items: unknown[] = [];
    try {
      for (const item of value) items.push(convert(item, depth));
    } catch (error) {
      throw withStep(error, `[${items.length}]`);
    }
    return items;
  };
}

const toAvscKey = toAvscLeaf({ kind: "string", properties: new Map() });

function mapToAvsc(convert: ToAvsc): ToAvsc {
  const [entriesMember, keyMember, valueMember] = [avscMember(0), avscMember(0), avscMember(1)];
  return (value, depth) => {
    if (!isObject(value) || value instanceof Map) {
      const remedy = value instanceof Map ? "use Object.fromEntries(map)" : "";
      throw new ValueFault("map (an object)", describeValue(value), remedy);
    }
    const entries = Object.keys(value).map((key) => {
      try {
        return { [keyMember]: toAvscKey(key), [valueMember]: convert(value[key], depth) };
      } catch (error) {
        throw withStep(error, `[${JSON.stringify(key)}]`);
      }
    });
    return { [entriesMember]: entries };
  };
}

/** A union with one branch besides null, or none. */
function plainToAvsc({ schema, names, ...rest }: Compilation, { branches }: UnionNode): ToAvsc {
  const isNullable = branches.some((branch) => branch.kind === "null");
  const branch = branches.find(({ kind }) => kind !== "null");
  if (branch === undefined) {
    return (value) => {
      if (value === null && isNullable) return null;
      throw new ValueFault(isNullable ? "null" : "a branch of an empty union", describeValue(value));
    };
  }
  const key = avscBranch(names, definitionOf(schema.names, branch));
  const convert = compile({ schema, names, ...rest }, branch);
  return (value, depth) => {
    if (isNullable) {
      if (value === null) return null;
      if (value === undefined) {
        throw new ValueFault("a value or null", "undefined", "write null for no value");
      }
    }
    return { [key]: convert(value, depth) };
  };
}

function wrappedToAvsc(compilation: Compilation, { branches }: UnionNode): ToAvsc {
  const isNullable = branches.some((branch) => branch.kind === "null");
  const byName = new Map(
    branches.map((branch) => {
      const key = avscBranch(compilation.names, definitionOf(compilation.schema.names, branch));
      return [branchName(branch), { key, convert: compile(compilation, branch) }];
    }),
  );
  byName.delete("null");
  return (value, depth) => {
    if (value === null && isNullable) return null;
    const [name, ...others] = isObject(value) ? Object.keys(value) : [];
    const branch = name === undefined ? undefined : byName.get(name);
    if (!isObject(value) || name === undefined || branch === undefined || others.length > 0) {
      const shapes = [...byName.keys()].map((one) => `{ ${JSON.stringify(one)}: .. }`).join(", ");
      throw new ValueFault(
        `one of ${shapes}${isNullable ? " or null" : ""}`,
        describeValue(value),
        "wrap the value in an object with the name of its branch",
      );
    }
    try {
      return { [branch.key]: branch.convert(value[name], depth) };
    } catch (error) {
      throw withStep(error, `[${JSON.stringify(name)}]`);
    }
  };
}

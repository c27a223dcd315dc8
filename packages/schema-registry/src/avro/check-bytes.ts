import type { ByteCursor } from "./byte-cursor.ts";
import { definitionOf } from "./definition-of.ts";
import type { EnumNode, NamedNode, ParsedSchema, RecordNode, SchemaNode } from "./parsed-schema.ts";
import { ValueFault, withStep } from "./value-fault.ts";

/** Moves over one value, or throws a {@link ValueFault}. */
export type CheckBytes = (cursor: ByteCursor) => void;

/**
 * The check that bytes must pass before avsc may read them: avsc believes every length and count, reads on behind
 * the end, and takes what is no text, no boolean or no int for one.
 */
export function checkBytes(schema: ParsedSchema): CheckBytes {
  return compile({ names: schema.names, records: new Map() }, schema.root);
}

interface Compilation {
  readonly names: ReadonlyMap<string, NamedNode>;
  readonly records: Map<RecordNode, CheckBytes>;
}

function compile(compilation: Compilation, written: SchemaNode): CheckBytes {
  const node = definitionOf(compilation.names, written);
  switch (node.kind) {
    case "null":
      return () => undefined;
    case "boolean":
      return checkBoolean;
    case "int":
      return (cursor) => void cursor.readInt();
    case "long":
      return (cursor) => cursor.skipLong();
    case "float":
      return (cursor) => cursor.skip(4);
    case "double":
      return (cursor) => cursor.skip(8);
    case "bytes":
      return (cursor) => cursor.skipBytes();
    case "string":
      return (cursor) => cursor.skipString();
    case "fixed":
      return (cursor) => cursor.skip(node.size);
    case "enum":
      return enumCheck(node);
    case "array":
      return arrayCheck(compile(compilation, node.items), takesBytes(compilation.names, node.items));
    case "map":
      return mapCheck(compile(compilation, node.values));
    case "union":
      return unionCheck(node.branches.map((branch) => compile(compilation, branch)));
    case "record":
      return recordCheck(compilation, node);
  }
}

function checkBoolean(cursor: ByteCursor): void {
  const byte = cursor.readByte();
  if (byte > 1) throw new ValueFault("a boolean (the byte 0 or 1)", `the byte ${byte}`);
}

function enumCheck({ name, symbols }: EnumNode): CheckBytes {
  return (cursor) => {
    const index = cursor.readInt();
    if (symbols[index] === undefined)
      throw new ValueFault(`a symbol of the enum ${name}`, `the index ${index}`);
  };
}

function unionCheck(branches: readonly CheckBytes[]): CheckBytes {
  return (cursor) => {
    const index = cursor.readInt();
    const branch = branches[index];
    if (branch === undefined) {
      throw new ValueFault(`the index of one of ${branches.length} union branches`, `${index}`);
    }
    branch(cursor);
  };
}

function arrayCheck(checkItem: CheckBytes, itemsTakeBytes: boolean): CheckBytes {
  return (cursor) => {
    let index = 0;
    try {
      for (let left = cursor.readBlock(itemsTakeBytes); left !== 0; left = cursor.readBlock(itemsTakeBytes)) {
        for (const end = index + left; index < end; index++) checkItem(cursor);
      }
    } catch (error) {
      throw withStep(error, `[${index}]`);
    }
  };
}

function mapCheck(checkValue: CheckBytes): CheckBytes {
  return (cursor) => {
    for (let left = cursor.readBlock(true); left !== 0; left = cursor.readBlock(true)) {
      for (; left > 0; left--) {
        const key = cursor.position();
        cursor.skipString();
        try {
          checkValue(cursor);
        } catch (error) {
          throw withStep(error, `[${JSON.stringify(cursor.stringAt(key))}]`);
        }
      }
    }
  };
}

/** The checks of a record's fields are made when it is first met: types may use themselves, in chains of any length. */
function recordCheck(compilation: Compilation, node: RecordNode): CheckBytes {
  const known = compilation.records.get(node);
  if (known !== undefined) return known;
  let checks: readonly CheckBytes[] | null = null;
  const check: CheckBytes = (cursor) => {
    checks ??= node.fields.map(({ type }) => compile(compilation, type));
    cursor.enter();
    let index = 0;
    try {
      for (; index < checks.length; index++) checks[index]?.(cursor);
    } catch (error) {
      throw withStep(error, `.${node.fields[index]?.name}`);
    }
    cursor.leave();
  };
  compilation.records.set(node, check);
  return check;
}

/**
 * Whether every value of a type takes at least one byte; false where that is not clear soon, which only makes the
 * bound on its arrays stricter.
 */
function takesBytes(names: ReadonlyMap<string, NamedNode>, written: SchemaNode, depth = 0): boolean {
  const node = definitionOf(names, written);
  if (node.kind === "null") return false;
  if (node.kind === "fixed") return node.size > 0;
  if (node.kind !== "record") return true;
  return depth < 4 && node.fields.some((field) => takesBytes(names, field.type, depth + 1));
}

import type { ByteReader } from "./byte-reader.ts";
import type { NamedNode, RecordNode, SchemaNode } from "./parsed-schema.ts";
import type { Read } from "./read-leaf.ts";
import { ValueFault } from "./value-fault.ts";

/** What compiling the reading of one writer's schema shares. */
export interface SkipCompilation {
  readonly writerNames: ReadonlyMap<string, NamedNode>;
  readonly skips: Map<RecordNode, Read<void>>;
  /** Records still to compile: chains of types must not cost stack. */
  readonly queue: (() => void)[];
}

export function definitionOf(names: ReadonlyMap<string, NamedNode>, node: SchemaNode) {
  if (node.kind !== "reference") return node;
  const target = names.get(node.name);
  // A parsed schema has a definition for each name.
  if (target === undefined) throw new Error(`The schema does not define ${node.name}`);
  return target;
}

/** Moves past a value of a field that the reader does not have. */
export function compileSkip(compilation: SkipCompilation, written: SchemaNode): Read<void> {
  const node = definitionOf(compilation.writerNames, written);
  switch (node.kind) {
    case "null":
      return () => undefined;
    case "boolean":
      return (source) => source.skip(1);
    case "int":
    case "enum":
      return (source) => void source.readInt();
    case "long":
      return (source) => void source.readLong();
    case "float":
      return (source) => source.skip(4);
    case "double":
      return (source) => source.skip(8);
    case "bytes":
    case "string":
      return (source) => source.skipBytes();
    case "fixed":
      return (source) => source.skip(node.size);
    case "array":
      return blockSkip(
        compileSkip(compilation, node.items),
        takesBytes(compilation.writerNames, node.items),
        false,
      );
    case "map":
      return blockSkip(compileSkip(compilation, node.values), true, true);
    case "union": {
      const branches = node.branches.map((branch) => compileSkip(compilation, branch));
      return (source) => unionBranch(source, branches)(source);
    }
    case "record":
      return recordSkip(compilation, node);
  }
}

function recordSkip(compilation: SkipCompilation, node: RecordNode): Read<void> {
  const known = compilation.skips.get(node);
  if (known !== undefined) return known;
  const fields: Read<void>[] = [];
  compilation.queue.push(() => {
    for (const field of node.fields) fields.push(compileSkip(compilation, field.type));
  });
  const skip: Read<void> = (source) => {
    source.enter();
    for (const skipField of fields) skipField(source);
    source.leave();
  };
  compilation.skips.set(node, skip);
  return skip;
}

function blockSkip(skipItem: Read<void>, itemsTakeBytes: boolean, hasKeys: boolean): Read<void> {
  return (source) => {
    for (
      let count = source.readBlock(itemsTakeBytes);
      count !== 0;
      count = source.readBlock(itemsTakeBytes)
    ) {
      for (let index = 0; index < count; index++) {
        if (hasKeys) source.skipBytes();
        skipItem(source);
      }
    }
  };
}

/** The reader of the branch whose index comes next. */
export function unionBranch<T>(source: ByteReader, branches: readonly T[]): T {
  const index = source.readInt();
  const branch = branches[index];
  if (branch === undefined) {
    throw new ValueFault(`the index of one of ${branches.length} union branches`, `${index}`);
  }
  return branch;
}

/**
 * Whether every value of a type takes at least one byte; false where that is not clear soon, which only makes the
 * bound on its arrays stricter.
 */
export function takesBytes(names: ReadonlyMap<string, NamedNode>, written: SchemaNode, depth = 0): boolean {
  const node = definitionOf(names, written);
  if (node.kind === "null") return false;
  if (node.kind === "fixed") return node.size > 0;
  if (node.kind !== "record") return true;
  return depth < 4 && node.fields.some((field) => takesBytes(names, field.type, depth + 1));
}

import avsc from "avsc";
import { AvroSchemaError } from "./avro-schema-error.ts";
import { avscMember, type AvscNames } from "./avsc-names.ts";
import { bigintLong } from "./bigint-long.ts";
import { definitionOf } from "./definition-of.ts";
import type { DefinitionNode, ParsedSchema, SchemaNode } from "./parsed-schema.ts";

/**
 * The avsc type with the same bytes as a schema. Unions are always wrapped, a map is an array of its entries (which
 * has the same encoding, and takes every key), and what has no values at all is a type that nothing is written with.
 *
 * Throws {@link AvroSchemaError} (rule `too-complex`) for schemas beyond what avsc can build.
 */
export function avscType(schema: ParsedSchema, names: AvscNames): avsc.Type {
  try {
    const translation = { schema, names, defined: new Set<DefinitionNode>() };
    return avsc.Type.forSchema(translate(translation, schema.root), {
      registry: { long: bigintLong },
      wrapUnions: "always",
      omitRecordMethods: true,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AvroSchemaError(
      {
        path: "",
        rule: "too-complex",
        message: `No codec can be built for the schema (${reason}); nest it less, or give its records fewer fields`,
      },
      { cause },
    );
  }
}

interface Translation {
  readonly schema: ParsedSchema;
  readonly names: AvscNames;
  readonly defined: Set<DefinitionNode>;
}

function translate(translation: Translation, written: SchemaNode): avsc.schema.AvroSchema {
  const { schema, names, defined } = translation;
  const node = definitionOf(schema.names, written);
  const inner = (part: SchemaNode): avsc.schema.AvroSchema => translate(translation, part);
  if (node.kind === "array") return { type: "array", items: inner(node.items) };
  // Unions do not nest, so this flattens nothing but the type.
  if (node.kind === "union") return node.branches.length === 0 ? "null" : node.branches.map(inner).flat();
  if (!("name" in node) && node.kind !== "map") return node.kind;
  const name = names(node);
  if (defined.has(node)) return name;
  defined.add(node);
  switch (node.kind) {
    case "record":
      return record(
        name,
        node.fields.map(({ type }) => inner(type)),
      );
    case "map":
      return record(name, [{ type: "array", items: record(`${name}Entry`, ["string", inner(node.values)]) }]);
    case "fixed":
      return { type: "fixed", name, size: node.size };
    case "enum":
      return node.symbols.length === 0
        ? { type: "fixed", name, size: 0 }
        : { type: "enum", name, symbols: node.symbols.map((_, index) => avscMember(index)) };
  }
}

function record(name: string, types: readonly avsc.schema.AvroSchema[]): avsc.schema.AvroSchema {
  return {
    type: "record",
    name,
    fields: types.map((type, index) => ({ name: avscMember(index), type })),
  };
}

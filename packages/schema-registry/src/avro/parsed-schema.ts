import type { JsonObject, JsonValue } from "./json-value.ts";

/** Attributes that are not part of the structure, in the order in which they were written. */
export type Properties = JsonObject;

export type LogicalType =
  | { readonly name: "decimal"; readonly precision: number; readonly scale: number }
  | {
      readonly name:
        | "big-decimal"
        | "date"
        | "time-millis"
        | "time-micros"
        | "timestamp-millis"
        | "timestamp-micros"
        | "uuid";
    };

interface Annotated {
  readonly properties: Properties;
  /** Set for a logical type that is known here and valid on its type; others are plain properties only. */
  readonly logicalType?: LogicalType;
}

export interface PrimitiveNode extends Annotated {
  readonly kind: "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string";
}

interface NamedNodeBase extends Annotated {
  /** Full name: namespace and name joined by a point. */
  readonly name: string;
  /** Full names that a reader of this type also answers to. */
  readonly aliases: readonly string[];
  readonly doc?: string;
}

export interface FieldNode {
  readonly name: string;
  readonly type: SchemaNode;
  readonly doc?: string;
  /** Absent when the field has no default; `null` is a default. */
  readonly default?: JsonValue;
  readonly order: "ascending" | "descending" | "ignore";
  readonly aliases: readonly string[];
  readonly properties: Properties;
}

export interface RecordNode extends NamedNodeBase {
  readonly kind: "record";
  /** Declared with the type `error`. */
  readonly isError: boolean;
  readonly fields: readonly FieldNode[];
}

export interface EnumNode extends NamedNodeBase {
  readonly kind: "enum";
  readonly symbols: readonly string[];
  readonly default?: string;
}

export interface FixedNode extends NamedNodeBase {
  readonly kind: "fixed";
  readonly size: number;
}

export interface ArrayNode extends Annotated {
  readonly kind: "array";
  readonly items: SchemaNode;
}

export interface MapNode extends Annotated {
  readonly kind: "map";
  readonly values: SchemaNode;
}

export interface UnionNode {
  readonly kind: "union";
  readonly branches: readonly SchemaNode[];
}

/** A use, by full name, of a named type that is defined elsewhere in the schema or in one of its references. */
export interface ReferenceNode {
  readonly kind: "reference";
  readonly name: string;
}

export type NamedNode = RecordNode | EnumNode | FixedNode;

/** A node that is not a reference. */
export type DefinitionNode = PrimitiveNode | NamedNode | ArrayNode | MapNode | UnionNode;

export type SchemaNode = DefinitionNode | ReferenceNode;

/** A schema that has passed every rule, as frozen plain data. A type that is used again is a {@link ReferenceNode}. */
export interface ParsedSchema {
  readonly root: SchemaNode;
  /** The named types of the schema and of its references, by full name. */
  readonly names: ReadonlyMap<string, NamedNode>;
  /** Full names of the types that come from references; they are printed by name only. */
  readonly external: ReadonlySet<string>;
}

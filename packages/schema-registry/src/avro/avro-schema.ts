/** The primitive types of Avro. */
export type AvroPrimitive = "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string";

/** A field of a record. Properties that Avro does not define are kept. */
export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly doc?: string;
  readonly default?: unknown;
  readonly order?: "ascending" | "descending" | "ignore";
  readonly aliases?: readonly string[];
  readonly [property: string]: unknown;
}

interface AvroNamed {
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly aliases?: readonly string[];
  readonly [property: string]: unknown;
}

/** A record schema as a plain literal: the form that `defineEvent` takes. */
export interface AvroRecordSchema extends AvroNamed {
  readonly type: "record";
  readonly fields: readonly AvroField[];
}

/** An enum schema; `default` is the symbol that readers use for symbols they do not know. */
export interface AvroEnumSchema extends AvroNamed {
  readonly type: "enum";
  readonly symbols: readonly string[];
  readonly default?: string;
}

/** A fixed-size byte string. */
export interface AvroFixedSchema extends AvroNamed {
  readonly type: "fixed";
  readonly size: number;
  readonly logicalType?: string;
}

export interface AvroArraySchema {
  readonly type: "array";
  readonly items: AvroSchema;
  readonly [property: string]: unknown;
}

export interface AvroMapSchema {
  readonly type: "map";
  readonly values: AvroSchema;
  readonly [property: string]: unknown;
}

/** A primitive with attributes, usually a logical type: `{ type: "long", logicalType: "timestamp-millis" }`. */
export interface AvroPrimitiveSchema {
  readonly type: AvroPrimitive;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly [property: string]: unknown;
}

/** Any Avro schema as a JSON-shaped literal. A plain string is a primitive or the name of a type defined before. */
export type AvroSchema =
  | AvroPrimitive
  // Keeps the primitives' names in completions although any name is allowed.
  | (string & {})
  | AvroPrimitiveSchema
  | AvroRecordSchema
  | AvroEnumSchema
  | AvroFixedSchema
  | AvroArraySchema
  | AvroMapSchema
  | readonly AvroSchema[];

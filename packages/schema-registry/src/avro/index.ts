export type {
  AvroArraySchema,
  AvroEnumSchema,
  AvroField,
  AvroFixedSchema,
  AvroMapSchema,
  AvroPrimitive,
  AvroPrimitiveSchema,
  AvroRecordSchema,
  AvroSchema,
} from "./avro-schema.ts";
export { AvroSchemaError } from "./avro-schema-error.ts";
export { AvroValueError } from "./avro-value-error.ts";
export { canonicalText } from "./canonical-text.ts";
export { createCodec, type Codec } from "./codec.ts";
export { formatDecimal, parseDecimal, type Decimal } from "./decimal.ts";
export type { FromAvro } from "./from-avro.ts";
export { parseSchema, type ParseLimits, type ParseSchemaOptions } from "./parse-schema.ts";
export type { ParsedSchema } from "./parsed-schema.ts";
export { createResolver, type Resolver } from "./resolver.ts";
export { schemaFingerprint } from "./schema-fingerprint.ts";

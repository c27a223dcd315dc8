import { AvroSchemaError, parseSchema, type AvroSchema } from "@tidemark/schema-registry/avro";

/** The error with which a schema must be refused. */
export function refusal(schema: AvroSchema, options?: Parameters<typeof parseSchema>[1]): AvroSchemaError {
  try {
    parseSchema(schema, options);
  } catch (error) {
    if (error instanceof AvroSchemaError) return error;
    throw error;
  }
  throw new Error("the schema was accepted");
}

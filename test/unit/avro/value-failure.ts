import { AvroValueError } from "@tidemark/schema-registry/avro";

/** The error that an action must throw. */
export function failure(action: () => unknown): AvroValueError {
  try {
    action();
  } catch (error) {
    if (error instanceof AvroValueError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

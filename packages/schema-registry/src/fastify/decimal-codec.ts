import { createJsonSchemaTransform } from "fastify-type-provider-zod";
import { z } from "zod";

/**
 * A 64-bit integer that travels as a decimal string: `"42"` in JSON, query or path, `42n` in the handler, both ways.
 * JSON numbers lose precision beyond 2^53, so revisions and positions are strings.
 *
 * @example
 * z.object({ revision: bigintString.check(z.nonnegative()) });
 */
export const bigintString = z.codec(
  z.string().regex(/^-?\d{1,19}$/, "must be a whole number of at most 19 digits, as a string"),
  z.int64(),
  { decode: BigInt, encode: String },
);

/** The `transform` for `@fastify/swagger`: what zod cannot say in JSON Schema is written as what travels. */
export const openApiTransform: ReturnType<typeof createJsonSchemaTransform> = createJsonSchemaTransform({
  zodToJsonConfig: {
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const { type } = zodSchema._zod.def;
      if (type === "bigint") Object.assign(jsonSchema, { type: "string", format: "int64" });
      if (type === "date") Object.assign(jsonSchema, { type: "string", format: "date-time" });
    },
  },
});

import {
  AvroValueError,
  canonicalText,
  createCodec,
  createResolver,
  parseSchema,
} from "@tidemark/schema-registry/avro";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schemaCases } from "./arbitrary-schema.ts";
import { specificationBytes } from "./specification-bytes.ts";

function withValue(options: { logical: boolean }) {
  return schemaCases(options).chain(({ schema, values }) =>
    fc.record({ schema: fc.constant(schema), value: values }),
  );
}

describe("for every schema and value", () => {
  it("decode undoes encode", () => {
    fc.assert(
      fc.property(withValue({ logical: true }), ({ schema, value }) => {
        const codec = createCodec(parseSchema(schema));
        expect(codec.decode(codec.encode(value))).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  it("the bytes are those of the specification", () => {
    fc.assert(
      fc.property(withValue({ logical: false }), ({ schema, value }) => {
        expect([...createCodec(parseSchema(schema)).encode(value)]).toEqual(
          specificationBytes(schema, value),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("the canonical text stands for the schema", () => {
    fc.assert(
      fc.property(withValue({ logical: true }), ({ schema, value }) => {
        const text = canonicalText(parseSchema(schema));
        const again = parseSchema(text);
        expect(canonicalText(again)).toBe(text);
        expect(createCodec(again).encode(value)).toEqual(createCodec(parseSchema(schema)).encode(value));
      }),
      { numRuns: 300 },
    );
  });

  it("a schema reads itself through resolution as it does directly", () => {
    fc.assert(
      fc.property(withValue({ logical: true }), ({ schema, value }) => {
        const writer = parseSchema(schema);
        const bytes = createCodec(writer).encode(value);
        expect(createResolver(writer, parseSchema(canonicalText(writer))).decode(bytes)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it("damaged bytes give a value or an AvroValueError, nothing else", () => {
    const damage = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(withValue({ logical: true }), damage, fc.nat(200), ({ schema, value }, changes, end) => {
        const codec = createCodec(parseSchema(schema));
        const bytes = Uint8Array.from(codec.encode(value)).subarray(0, end);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          codec.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AvroValueError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("random bytes give a value or an AvroValueError, nothing else", () => {
    fc.assert(
      fc.property(schemaCases({ logical: true }), fc.uint8Array({ maxLength: 64 }), ({ schema }, bytes) => {
        try {
          createCodec(parseSchema(schema)).decode(Uint8Array.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(AvroValueError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

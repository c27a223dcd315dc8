import { checkCompatibility } from "@tidemark/schema-registry";
import { createCodec, createResolver, parseSchema, type AvroSchema } from "@tidemark/schema-registry/avro";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { avscType } from "../avro/avsc-oracle.ts";

/** Small schemas of a common vocabulary, so that a good part of the pairs is compatible. Names depend on the place. */
function types(depth: number, place: string): fc.Arbitrary<AvroSchema> {
  const leaf: fc.Arbitrary<AvroSchema> = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom("int", "long", "float", "double", "string", "bytes", "boolean") },
    fc
      .record({ symbols: fc.subarray(["A", "B", "C"], { minLength: 1 }), hasDefault: fc.boolean() })
      .map(({ symbols, hasDefault }) => ({
        type: "enum" as const,
        name: `E${place}`,
        symbols,
        ...(hasDefault ? { default: symbols[0] ?? "A" } : {}),
      })),
    fc.constantFrom(1, 2).map((size) => ({ type: "fixed" as const, name: `F${place}`, size })),
  );
  if (depth === 0) return leaf;
  return fc.oneof(
    { weight: 4, arbitrary: leaf },
    types(depth - 1, `${place}i`).map((items) => ({ type: "array" as const, items })),
    types(depth - 1, `${place}v`).map((values) => ({ type: "map" as const, values })),
    { weight: 2, arbitrary: unions(depth, place) },
    { weight: 3, arbitrary: records(depth, place) },
  );
}

function unions(depth: number, place: string): fc.Arbitrary<AvroSchema> {
  return fc
    .uniqueArray(fc.oneof(fc.constant("null"), types(depth - 1, `${place}u`)), {
      minLength: 1,
      maxLength: 3,
      selector: (branch) => (typeof branch === "string" ? branch : "type" in branch ? branch.type : "union"),
    })
    .filter((branches) => branches.every((branch) => !Array.isArray(branch)));
}

function records(depth: number, place: string): fc.Arbitrary<AvroSchema> {
  const fields = ["a", "b", "c"].map((name, index) =>
    fc.record({
      name: fc.constant(name),
      type: types(depth - 1, `${place}${index}`),
      hasDefault: fc.boolean(),
      alias: fc.constantFrom(undefined, undefined, "a", "b", "c"),
    }),
  );
  return fc.tuple(...fields, fc.subarray([0, 1, 2])).map((parts) => ({
    type: "record" as const,
    name: `R${place}`,
    fields: parts.flatMap((part, index) => {
      const chosen = parts.at(-1);
      if (Array.isArray(part) || !Array.isArray(chosen) || !chosen.includes(index)) return [];
      const fallback = part.hasDefault ? defaultOf(part.type) : undefined;
      const alias = part.alias === part.name ? undefined : part.alias;
      return [
        {
          name: part.name,
          type: part.type,
          ...(fallback === undefined ? {} : { default: fallback }),
          ...(alias === undefined ? {} : { aliases: [alias] }),
        },
      ];
    }),
  }));
}

const defaults = new Map<string, unknown>([
  ["null", null],
  ["boolean", true],
  ["string", "x"],
  ["bytes", "x"],
  ["array", []],
  ["map", {}],
  ...["int", "long", "float", "double"].map((type) => [type, 1] as const),
]);

/** A default that avsc takes as well: of the first branch of a union. */
function defaultOf(type: AvroSchema): unknown {
  if (typeof type === "string") return defaults.get(type);
  if ("type" in type) return defaults.get(type.type);
  return type[0] === undefined ? undefined : defaultOf(type[0]);
}

function avscReads(reader: AvroSchema, writer: AvroSchema): boolean {
  try {
    avscType(reader).createResolver(avscType(writer));
    return true;
  } catch {
    return false;
  }
}

/** Unions in which avsc takes the first branch that can hold a value, and Java and this codec the same type first. */
function isAmbiguous(schema: AvroSchema): boolean {
  if (Array.isArray(schema)) {
    const count = (kinds: readonly unknown[]): number =>
      schema.filter((branch) => kinds.includes(branch)).length;
    const isOneOfMany = count(["int", "long", "float", "double"]) > 1 || count(["string", "bytes"]) > 1;
    return isOneOfMany || schema.some(isAmbiguous);
  }
  if (typeof schema === "string") return false;
  const isPart = (part: unknown): part is AvroSchema => typeof part === "object" && part !== null;
  return Object.values(schema).filter(isPart).some(isAmbiguous);
}

const pairs = fc.oneof(
  fc.record({ reader: types(2, ""), writer: types(2, "") }),
  fc.record({ reader: records(1, ""), writer: records(1, "") }),
  fc.record({ reader: unions(1, ""), writer: unions(1, "") }),
);

type Verdict = (reader: AvroSchema, writer: AvroSchema) => boolean;

const ourVerdict: Verdict = (reader, writer) =>
  checkCompatibility(parseSchema(reader), parseSchema(writer)).length === 0;

/** A mistake that checkers make: a field that the writer lacks is taken for optional. */
const faultyVerdict: Verdict = (reader, writer) =>
  checkCompatibility(parseSchema(reader), parseSchema(writer)).every(
    ({ kind }) => kind === "READER_FIELD_MISSING_DEFAULT_VALUE",
  );

/** What a verdict calls compatible, avsc reads: any value of the writer's schema, with the reader's. */
function avscReadsWhatIsAllowed(verdict: Verdict) {
  return fc.property(pairs, ({ reader, writer }) => {
    fc.pre(verdict(reader, writer));
    const writerType = avscType(writer);
    const readerType = avscType(reader);
    const bytes = writerType.toBuffer(writerType.random());
    readerType.fromBuffer(bytes, readerType.createResolver(writerType), false);
  });
}

describe("for random pairs of schemas without namespaces", () => {
  it("what the checker calls compatible is read by avsc, for 5,000 compatible pairs", () => {
    fc.assert(avscReadsWhatIsAllowed(ourVerdict), { numRuns: 5_000, maxSkipsPerRun: 1_000 });
  });

  it("a planted fault of the checker is found", () => {
    expect(
      fc.check(avscReadsWhatIsAllowed(faultyVerdict), { numRuns: 5_000, maxSkipsPerRun: 1_000 }),
    ).toMatchObject({
      failed: true,
      interrupted: false,
    });
  });

  it("the verdict is that of avsc", () => {
    let compatible = 0;
    fc.assert(
      fc.property(pairs, ({ reader, writer }) => {
        const verdict = checkCompatibility(parseSchema(reader), parseSchema(writer)).length === 0;
        if (verdict) compatible += 1;
        expect(verdict).toBe(avscReads(reader, writer));
      }),
      { numRuns: 3000 },
    );
    expect(compatible).toBeGreaterThan(200);
  });

  it("a compatible reader reads what avsc reads", () => {
    fc.assert(
      fc.property(pairs, ({ reader, writer }) => {
        const [readerSchema, writerSchema] = [parseSchema(reader), parseSchema(writer)];
        fc.pre(!isAmbiguous(reader) && checkCompatibility(readerSchema, writerSchema).length === 0);
        const writerType = avscType(writer);
        const readerType = avscType(reader);
        const resolver = readerType.createResolver(writerType);
        const bytes = writerType.toBuffer(writerType.random());
        const expected: unknown = readerType.fromBuffer(bytes, resolver, false);
        // avsc puts replacement characters for bytes that are no text.
        fc.pre(!readerType.toString(expected).includes("\ufffd"));
        const value = createResolver(writerSchema, readerSchema).decode(bytes);
        // Both values are compared as bytes of the reader's schema.
        expect(Buffer.from(createCodec(readerSchema).encode(value))).toEqual(readerType.toBuffer(expected));
      }),
      { numRuns: 2000 },
    );
  });
});

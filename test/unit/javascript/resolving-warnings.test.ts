import { checkCompatibility, resolvingWarnings } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";
import avsc from "avsc";
import fc from "fast-check";
import { expect, it } from "vitest";

/** Whether avsc reads data of the writer with the reader. */
function resolves(reader: string, writer: string): boolean {
  const load = (text: string): avsc.Type => avsc.Type.forSchema(JSON.parse(text));
  try {
    load(reader).createResolver(load(writer));
    return true;
  } catch {
    return false;
  }
}

function record(namespace: string, type: unknown, aliases: readonly string[] = []): string {
  return JSON.stringify({ type: "record", name: "R", namespace, aliases, fields: [{ name: "f", type }] });
}

function enumeration(namespace: string): object {
  return { type: "enum", name: "E", namespace, symbols: ["A"] };
}

it.each<[string, string, string, readonly string[]]>([
  ["nothing moved", record("a", "int"), record("a", "int"), []],
  ["a record", record("a", "int"), record("b", "int"), ["backward /name", "forward /name"]],
  ["a record with an alias", record("a", "int"), record("b", "int", ["a.R"]), ["forward /name"]],
  [
    "an enum",
    record("a", enumeration("x")),
    record("a", enumeration("y")),
    ["backward /fields/0/type/name", "forward /fields/0/type/name"],
  ],
  [
    "a branch",
    record("a", ["null", enumeration("x")]),
    record("a", ["null", enumeration("y")]),
    ["backward /fields/0/type/1/name", "forward /fields/0/type/1/name"],
  ],
  ["what is incompatible anyway", record("a", "int"), record("b", "string"), []],
])("%s", (_name, before, after, expected) => {
  const history = [
    { version: 3, schema: parseSchema(before) },
    { version: 4, schema: parseSchema(before) },
  ];
  const warnings = resolvingWarnings(parseSchema(after), history);
  expect(warnings.map(({ direction, path }) => `${direction} ${path}`)).toEqual(expected);
  for (const warning of warnings) expect(warning).toMatchObject({ version: 4, rule: "namespace-moved" });
});

it("names both names and what helps", () => {
  const history = [{ version: 1, schema: parseSchema(record("a", "int")) }];
  expect(resolvingWarnings(parseSchema(record("b", "int")), history)[0]).toEqual({
    rule: "namespace-moved",
    path: "/name",
    version: 1,
    direction: "backward",
    message:
      "Clients in JavaScript cannot read data of version 1 with this schema: they compare names with namespaces, " +
      "and what was written as a.R has the name b.R in this schema",
    hint: 'Keep the namespace, or add "aliases": ["a.R"] to the type.',
  });
});

const namespace = fc.constantFrom("a", "b");

/** A type in two versions, which differ in namespaces and aliases. `path` makes names unique. */
function movedType(depth: number, path: string): fc.Arbitrary<readonly [unknown, unknown]> {
  const moved = (build: (namespace: string, aliases: readonly string[]) => unknown) =>
    fc
      .tuple(namespace, namespace, fc.boolean())
      .map(
        ([before, after, aliased]) =>
          [build(before, []), build(after, aliased ? [`${before}.${path}`] : [])] as const,
      );
  const leaves = fc.oneof(
    fc.constant(["int", "int"] as const),
    moved((at, aliases) => ({ type: "enum", name: path, namespace: at, aliases, symbols: ["A"] })),
    moved((at, aliases) => ({ type: "fixed", name: path, namespace: at, aliases, size: 2 })),
  );
  if (depth === 0) return leaves;
  return fc.oneof(
    leaves,
    fc
      .tuple(movedType(depth - 1, `${path}x`), movedType(depth - 1, `${path}y`))
      .map(([left, right]) => [union(left[0], right[0]), union(left[1], right[1])] as const),
    fc.tuple(namespace, namespace, movedType(depth - 1, `${path}f`)).map(([before, after, inner]) => {
      const build = (at: string, type: unknown): object => ({
        type: "record",
        name: path,
        namespace: at,
        fields: [
          { name: "f", type },
          { name: "self", type: ["null", path] },
        ],
      });
      return [build(before, inner[0]), build(after, inner[1])] as const;
    }),
  );
}

/** Unions do not nest, and have each type once. */
function union(left: unknown, right: unknown): unknown {
  return ["null", ...new Set([left, right].flat().filter((branch) => branch !== "null"))];
}

it("says what avsc does, for random schemas whose types move", () => {
  let moved = 0;
  fc.assert(
    fc.property(movedType(3, "T"), ([before, after]) => {
      const [earlier, later] = [parseSchema(JSON.stringify(before)), parseSchema(JSON.stringify(after))];
      const warnings = resolvingWarnings(later, [{ version: 1, schema: earlier }]);
      for (const [direction, reader, writer] of [
        ["backward", after, before],
        ["forward", before, after],
      ] as const) {
        const told = warnings.filter((warning) => warning.direction === direction);
        const [read, written] = direction === "backward" ? [later, earlier] : [earlier, later];
        if (checkCompatibility(read, written).length > 0) {
          expect(told).toEqual([]);
          continue;
        }
        moved += told.length;
        expect(resolves(JSON.stringify(reader), JSON.stringify(writer))).toBe(told.length === 0);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(moved).toBeGreaterThan(100);
});

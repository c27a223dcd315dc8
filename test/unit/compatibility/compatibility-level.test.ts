import { checkLevel, type CompatibilityLevel } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";

const schemas = {
  /** The first version. */
  base: '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}',
  /** A new field without default: cannot read what was, can be read by it. */
  required: '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"string"}]}',
  /** A new field with a default: both directions. */
  optional:
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"string","default":""}]}',
  /** A wider type: reads what was, cannot be read by it. */
  wider: '{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}',
  /** The field is gone: reads what was, cannot be read by it. */
  removed: '{"type":"record","name":"R","fields":[]}',
  /** Neither direction. */
  other: '{"type":"record","name":"R","fields":[{"name":"a","type":"boolean"}]}',
};

function verdict(
  level: CompatibilityLevel,
  next: keyof typeof schemas,
  history: readonly (keyof typeof schemas)[],
): string | null {
  const versions = history.map((name, index) => ({ version: index + 1, schema: parseSchema(schemas[name]) }));
  const violation = checkLevel(level, parseSchema(schemas[next]), versions);
  expect(violation?.incompatibilities).not.toEqual([]);
  return violation === null ? null : `${violation.direction} ${violation.version}`;
}

const levels = [
  "NONE",
  "BACKWARD",
  "BACKWARD_TRANSITIVE",
  "FORWARD",
  "FORWARD_TRANSITIVE",
  "FULL",
  "FULL_TRANSITIVE",
] as const;

/** Expected verdicts in the order of the levels. */
const table: readonly [
  next: keyof typeof schemas,
  history: readonly (keyof typeof schemas)[],
  ...verdicts: (string | null)[],
][] = [
  ["other", [], null, null, null, null, null, null, null],
  ["base", ["base"], null, null, null, null, null, null, null],
  ["required", ["base"], null, "backward 1", "backward 1", null, null, "backward 1", "backward 1"],
  ["optional", ["base"], null, null, null, null, null, null, null],
  ["wider", ["base"], null, null, null, "forward 1", "forward 1", "forward 1", "forward 1"],
  ["removed", ["base"], null, null, null, "forward 1", "forward 1", "forward 1", "forward 1"],
  ["other", ["base"], null, "backward 1", "backward 1", "forward 1", "forward 1", "backward 1", "backward 1"],
  // Only the newest counts unless the level is transitive.
  ["required", ["base", "optional"], null, null, "backward 1", null, null, null, "backward 1"],
  ["removed", ["base", "removed"], null, null, null, null, "forward 1", null, "forward 1"],
  ["base", ["wider", "optional", "base"], null, null, "backward 1", null, null, null, "backward 1"],
  // The newest offender is named.
  [
    "other",
    ["base", "optional"],
    null,
    "backward 2",
    "backward 2",
    "forward 2",
    "forward 2",
    "backward 2",
    "backward 2",
  ],
  ["other", ["base", "other"], null, null, "backward 1", null, "forward 1", null, "backward 1"],
];

describe.each(table)("%s after %j", (next, history, ...verdicts) => {
  it.each(levels.map((level, index) => [level, verdicts[index] ?? null] as const))(
    "under %s is %s",
    (level, expected) => {
      expect(verdict(level, next, history)).toBe(expected);
    },
  );
});

describe("the words of a violation", () => {
  const field = (type: string): string =>
    `{"type":"record","name":"shop.R","fields":[{"name":"a","type":${type}}]}`;
  const enumOf = (symbols: string): string => field(`{"type":"enum","name":"E","symbols":[${symbols}]}`);
  const none = '{"type":"record","name":"shop.R","fields":[]}';

  it.each<[CompatibilityLevel, string, string, RegExp, RegExp]>([
    [
      "BACKWARD",
      field('"int"'),
      none,
      /a has no default in the new schema and is missing in the old schema/,
      /^Give the field a a "default"/,
    ],
    [
      "FORWARD",
      none,
      field('"int"'),
      /a has no default in the old schema and is missing in the new schema/,
      /^Keep the field a: in the old schema it has no "default"/,
    ],
    [
      "BACKWARD",
      enumOf('"A"'),
      enumOf('"A","B"'),
      /the enum shop.E of the new schema lacks symbols of the old schema: B/,
      /^Give the enum its own "default"/,
    ],
    [
      "FORWARD",
      enumOf('"A","B"'),
      enumOf('"A"'),
      /the enum shop.E of the old schema lacks symbols of the new schema: B/,
      /^Keep to the symbols of the old schema/,
    ],
    [
      "BACKWARD",
      field('"int"'),
      field('"long"'),
      /is int in the new schema and long in the old schema/,
      /^Keep the type and put/,
    ],
    [
      "FORWARD",
      field('"long"'),
      field('"int"'),
      /is int in the old schema and long in the new schema/,
      /^Keep the type of the old schema/,
    ],
    [
      "FORWARD",
      field('["null","int"]'),
      field('"int"'),
      /is int in the old schema and null in the new schema/,
      /^Keep "null" out of the type/,
    ],
    [
      "FORWARD",
      field('["null","int","string"]'),
      field('["null","int"]'),
      /has no branch for string of the new schema/,
      /^Take string out of the union/,
    ],
    [
      "FORWARD",
      none.replace("shop.R", "shop.Q"),
      none,
      /has the type shop.R in the old schema and shop.Q in the new/,
      /^Keep the name/,
    ],
  ])("under %s from %s after %s ask for changes to the new schema", (level, next, old, message, hint) => {
    const violation = checkLevel(level, parseSchema(next), [{ version: 3, schema: parseSchema(old) }]);
    expect(violation?.incompatibilities[0]?.message).toMatch(message);
    expect(violation?.incompatibilities[0]?.hint).toMatch(hint);
  });
});

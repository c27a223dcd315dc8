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

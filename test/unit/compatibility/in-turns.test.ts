import { checkLevel } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";
import { expect, it } from "vitest";
import { checkLevelInTurns } from "../../../packages/schema-registry/src/compatibility/compatibility-level.ts";

function union(length: number, name: string, type: string): string {
  const records = Array.from({ length }, (_, index) => ({
    type: "record",
    name: `${name}${index}`,
    fields: [{ name: "a", type }],
  }));
  return JSON.stringify(records);
}

it("says the same in turns, and takes many of them for schemas that are hostile", async () => {
  const history = [{ version: 1, schema: parseSchema(union(300, "Old", "int")) }];
  let pauses = 0;
  const pause = async (): Promise<void> => void (pauses += 1);
  for (const [next, level] of [
    [union(300, "New", "string"), "FULL"],
    [union(300, "Old", "int"), "FULL"],
    [union(300, "Old", "long"), "FORWARD"],
    ['"int"', "BACKWARD"],
    [union(2, "New", "int"), "NONE"],
  ] as const) {
    const parsed = parseSchema(next);
    expect(await checkLevelInTurns(level, parsed, history, pause)).toEqual(
      checkLevel(level, parsed, history),
    );
  }
  expect(pauses).toBeGreaterThan(500);
});

import { describe, expect, it } from "vitest";
import { found } from "./schema-texts.ts";

describe("a primitive reader", () => {
  const promotions: Record<string, string[]> = {
    null: ["null"],
    boolean: ["boolean"],
    int: ["int"],
    long: ["long", "int"],
    float: ["float", "int", "long"],
    double: ["double", "int", "long", "float"],
    bytes: ["bytes", "string"],
    string: ["string", "bytes"],
  };
  const primitives = Object.keys(promotions);
  it.each(primitives.flatMap((reader) => primitives.map((writer) => [reader, writer] as const)))(
    "of %s reads %s as Avro promotes it",
    (reader, writer) => {
      const expected = promotions[reader]?.includes(writer) === true ? [] : ["TYPE_MISMATCH /"];
      expect(found(`"${reader}"`, `"${writer}"`)).toEqual(expected);
    },
  );
});

import { canonicalText, parseSchema } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { refusal } from "./schema-refusal.ts";

describe("parseSchema bounds", () => {
  it("the size of the text", () => {
    expect(refusal(`"int"${" ".repeat(1_048_576)}`).rule).toBe("too-large");
    expect(refusal('"int" ', { limits: { maxTextLength: 5 } }).rule).toBe("too-large");
  });

  it("the depth, before anything overflows", () => {
    expect(refusal("[".repeat(500_000)).rule).toBe("too-deep");
    expect(refusal('{"a":'.repeat(200_000)).rule).toBe("too-deep");
    expect(() => parseSchema('{"type":"array","items":'.repeat(64) + '"int"' + "}".repeat(64))).not.toThrow();
    expect(refusal('{"type":"array","items":'.repeat(65) + '"int"' + "}".repeat(65)).rule).toBe("too-deep");
  });

  it("uses of names before their definitions", () => {
    const uses = Array.from({ length: 200 }, (_, index) => `{"name":"f${index}","type":"T${index}"}`);
    expect(refusal(`{"type":"record","name":"R","fields":[${uses.join(",")}]}`).rule).toBe("too-complex");
  });

  it("the depth of the canonical text, where definitions move to their first use", () => {
    const chain = (length: number, inner: number): string => {
      const records = Array.from({ length }, (_, index) => {
        const type = index + 1 < length ? `"R${index + 1}"` : '"int"';
        const nested = '{"type":"array","items":'.repeat(inner) + type + "}".repeat(inner);
        return `{"name":"f${index}","type":{"type":"record","name":"R${index}","fields":[{"name":"f","type":${nested}}]}}`;
      });
      return `{"type":"record","name":"Top","fields":[${records.join(",")}]}`;
    };
    const short = canonicalText(parseSchema(chain(5, 5)));
    expect(canonicalText(parseSchema(short))).toBe(short);
    expect(refusal(chain(99, 50)).rule).toBe("too-deep");
    // What is let in can be read again.
    for (let length = 2; length < 30; length += 1) {
      const text = chain(length, 0);
      const known = (): string => canonicalText(parseSchema(text));
      if (length <= 20) expect(() => parseSchema(known())).not.toThrow();
      else expect(refusal(text).rule).toBe("too-deep");
    }
  });

  it("defaults of defaults, without taking exponential time", () => {
    const levels = Array.from(
      { length: 300 },
      (_, index) =>
        `{"type":"record","name":"L${index}","fields":[${index === 0 ? "" : `{"name":"a","type":"L${index - 1}","default":{}},{"name":"b","type":"L${index - 1}","default":{}}`}]}`,
    );
    expect(() => parseSchema(`[${levels.join(",")}]`)).not.toThrow();
  });

  it("large schemas in reasonable time", () => {
    const fields = Array.from(
      { length: 10_000 },
      (_, index) => `{"name":"f${index}","type":["null","string"],"default":null}`,
    );
    const before = performance.now();
    parseSchema(`{"type":"record","name":"R","fields":[${fields.join(",")}]}`);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

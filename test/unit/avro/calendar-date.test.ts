import { createCodec } from "@tidemark/schema-registry/avro";
import { describe, expect, it } from "vitest";
import { failure } from "./value-failure.ts";

describe("dates", () => {
  const codec = createCodec({ type: "int", logicalType: "date" });

  it.each([
    "1970-01-01",
    "1969-12-31",
    "2000-02-29",
    "1900-02-28",
    "9999-12-31",
    "0000-01-01",
    "2024-02-29",
    "+012345-06-07",
    "-000001-12-31",
  ])("keeps %s", (date) => {
    expect(codec.decode(codec.encode(date))).toBe(date);
  });

  it.each([
    "2023-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1",
    "24-01-01",
    "2024-01-01T00:00:00Z",
    "",
    "+001999-01-01",
  ])("refuses %j", (date) => {
    expect(failure(() => codec.encode(date)).message).toBe(
      `value: expected a date as YYYY-MM-DD, got string ${JSON.stringify(date)}`,
    );
  });

  it("agrees with Date over all of its days", () => {
    for (let days = -100_000_000; days <= 100_000_000; days += 99_991) {
      const expected = new Date(days * 86_400_000).toISOString().slice(0, -14);
      expect(codec.decode(createCodec("int").encode(days))).toBe(expected);
    }
  });

  it("reads every int", () => {
    for (const days of [2 ** 31 - 1, -(2 ** 31)]) {
      const bytes = createCodec("int").encode(days);
      expect(codec.encode(codec.decode(bytes))).toEqual(bytes);
    }
  });
});

import { formatConsistencyToken, parseConsistencyToken } from "@tidemark/framework";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const storeId = "0195b1f0-7c55-7d2a-9f4e-2f1f6f6f9a01";

describe("a consistency token", () => {
  test("names one point of one store", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (id, position) => {
        expect(parseConsistencyToken(formatConsistencyToken(id, position), id)).toBe(position);
      }),
    );
  });

  test("of another store is refused", () => {
    const token = formatConsistencyToken("0195b1f0-7c55-7d2a-9f4e-2f1f6f6f9a02", 1n);
    expect(() => parseConsistencyToken(token, storeId)).toThrow(
      expect.objectContaining({ code: "consistency-token-invalid", status: 400 }),
    );
  });

  test.each([
    "",
    "v1",
    `v1.${storeId}`,
    `v1.${storeId}.`,
    `v1.${storeId}.-1`,
    `v1.${storeId}.01`,
    `v1.${storeId}.1.5`,
    `v1.${storeId}.1e3`,
    `v1.${storeId}.0x1`,
    `v1.${storeId}.99999999999999999999`,
    `v1.${storeId}.1 `,
    ` v1.${storeId}.1`,
    `v1.${storeId}.1\n`,
    `v2.${storeId}.1`,
    `v1.${storeId.toUpperCase()}.1`,
    `v1.${storeId.slice(1)}.1`,
    `v1.${storeId}.1, v1.${storeId}.2`,
  ])("%j is malformed", (token) => {
    expect(() => parseConsistencyToken(token, storeId)).toThrow(
      expect.objectContaining({ code: "consistency-token-invalid" }),
    );
  });

  test("no text makes it fail in any other way", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(() => parseConsistencyToken(text, storeId)).toThrow(
          expect.objectContaining({ code: "consistency-token-invalid" }),
        );
      }),
    );
  });
});

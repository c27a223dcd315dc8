import { AvroValueError, createCodec, formatDecimal, parseDecimal } from "@tidemark/schema-registry/avro";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("parseDecimal", () => {
  it.each([
    ["-1173.15", -117315n, 2],
    ["10.00", 1000n, 2],
    ["0", 0n, 0],
    ["+7.5", 75n, 1],
    ["-0.01", -1n, 2],
    ["00012", 12n, 0],
    ["99999999999999999999999999999999999999", 10n ** 38n - 1n, 0],
  ])("reads %s", (text, unscaled, scale) => {
    expect(parseDecimal(text)).toEqual({ unscaled, scale });
  });

  it.each(["", " 1", "1e3", "1.", ".5", "1,000.00", "--1", "0x10", "NaN", "١", "1.2.3", "1\n"])(
    "refuses %j",
    (text) => {
      expect(() => parseDecimal(text)).toThrow(AvroValueError);
    },
  );

  it("shortens what it refuses", () => {
    expect(() => parseDecimal("x".repeat(100_000))).toThrow(/^.{1,300}$/);
  });
});

describe("formatDecimal", () => {
  it.each([
    [1000n, 2, "10.00"],
    [-5n, 3, "-0.005"],
    [0n, 2, "0.00"],
    [123n, 0, "123"],
    [-117315n, 2, "-1173.15"],
  ])("writes %d with scale %d", (unscaled, scale, text) => {
    expect(formatDecimal({ unscaled, scale })).toBe(text);
  });

  it("is the inverse of parseDecimal", () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 60n), 10n ** 60n), fc.nat(80), (unscaled, scale) => {
        expect(parseDecimal(formatDecimal({ unscaled, scale }))).toEqual({ unscaled, scale });
      }),
    );
  });
});

describe("the decimal logical type", () => {
  const money = createCodec({ type: "bytes", logicalType: "decimal", precision: 6, scale: 2 });
  const narrow = createCodec({
    type: "fixed",
    name: "Money",
    size: 3,
    logicalType: "decimal",
    precision: 6,
    scale: 2,
  });

  it.each([
    ["1.5", "1.50"],
    ["-9999.99", "-9999.99"],
    ["0", "0.00"],
    ["1.500", "1.50"],
    ["-0.01", "-0.01"],
    ["2.55", "2.55"],
  ])("takes %s and gives %s, as bytes and as fixed", (text, expected) => {
    expect(formatDecimal(money.decode(money.encode(parseDecimal(text))))).toBe(expected);
    expect(formatDecimal(narrow.decode(narrow.encode(parseDecimal(text))))).toBe(expected);
  });

  it.each(["10000.00", "10000", "0.001", "-99999"])("refuses %s rather than round it", (text) => {
    expect(() => money.encode(parseDecimal(text))).toThrow(/at most 6 digits, 2 of them behind the point/);
  });

  it("refuses other shapes by name", () => {
    // @ts-expect-error a decimal is no string
    expect(() => money.encode("1.50")).toThrow('got string "1.50"; use parseDecimal(text)');
    expect(() => money.encode({ unscaled: 1n, scale: -1 })).toThrow(AvroValueError);
    expect(() => money.encode({ unscaled: 1n, scale: 0.5 })).toThrow(AvroValueError);
    expect(() => money.encode({ unscaled: 1n, scale: 2 ** 31 })).toThrow(AvroValueError);
  });

  it.each([
    [0n, "00"],
    [127n, "7f"],
    [128n, "0080"],
    [-128n, "80"],
    [-129n, "ff7f"],
    [255n, "00ff"],
    [-(2n ** 31n), "80000000"],
    [2n ** 31n, "0080000000"],
    [-(2n ** 63n), "8000000000000000"],
    [2n ** 63n, "008000000000000000"],
    [-(2n ** 63n) - 1n, "ff7fffffffffffffff"],
  ])("writes %d as Java's BigInteger does", (unscaled, hex) => {
    const codec = createCodec({ type: "bytes", logicalType: "decimal", precision: 40, scale: 0 });
    const bytes = codec.encode({ unscaled, scale: 0 });
    expect(Buffer.from(bytes.subarray(1)).toString("hex")).toBe(hex);
    expect(codec.decode(bytes)).toEqual({ unscaled, scale: 0 });
  });

  it("keeps every value that fits", () => {
    const wide = createCodec({ type: "bytes", logicalType: "decimal", precision: 1000, scale: 20 });
    const limit = 10n ** 900n;
    fc.assert(
      fc.property(fc.bigInt(-limit, limit), (unscaled) => {
        expect(wide.decode(wide.encode({ unscaled, scale: 20 }))).toEqual({ unscaled, scale: 20 });
      }),
    );
  });

  it("is refused in a literal when Avro would ignore it", () => {
    expect(() => createCodec({ type: "bytes", logicalType: "decimal", precision: 2, scale: 3 })).toThrow(
      /scale from 0 to the precision/,
    );
  });
});

describe("big-decimal", () => {
  const codec = createCodec({ type: "bytes", logicalType: "big-decimal" });

  it("carries its own scale: bytes of the unscaled value, then the scale", () => {
    const bytes = codec.encode(parseDecimal("-1.28"));
    expect(Buffer.from(bytes).toString("hex")).toBe("0602" + "80" + "04");
    expect(codec.decode(bytes)).toEqual({ unscaled: -128n, scale: 2 });
  });

  it("reads the negative scales that Java writes", () => {
    expect(codec.decode(Buffer.from("06020503", "hex"))).toEqual({ unscaled: 500n, scale: 0 });
  });

  it.each(["0602", "0a020580808008", "0802050404", "00"])("refuses %s", (hex) => {
    expect(() => codec.decode(Buffer.from(hex, "hex"))).toThrow(AvroValueError);
  });
});

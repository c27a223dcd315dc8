import { createCodec, parseSchema, type Decimal, type FromAvro } from "@tidemark/schema-registry/avro";
import { expectTypeOf } from "vitest";

// Primitives and logical types.
expectTypeOf<FromAvro<"null">>().toEqualTypeOf<null>();
expectTypeOf<FromAvro<"int">>().toEqualTypeOf<number>();
expectTypeOf<FromAvro<"long">>().toEqualTypeOf<bigint>();
expectTypeOf<FromAvro<"double">>().toEqualTypeOf<number>();
expectTypeOf<FromAvro<"bytes">>().toEqualTypeOf<Uint8Array>();
expectTypeOf<FromAvro<{ type: "string" }>>().toEqualTypeOf<string>();
expectTypeOf<FromAvro<{ type: "int"; logicalType: "date" }>>().toEqualTypeOf<string>();
expectTypeOf<FromAvro<{ type: "int"; logicalType: "time-millis" }>>().toEqualTypeOf<number>();
expectTypeOf<FromAvro<{ type: "long"; logicalType: "timestamp-millis" }>>().toEqualTypeOf<Date>();
expectTypeOf<FromAvro<{ type: "long"; logicalType: "timestamp-micros" }>>().toEqualTypeOf<bigint>();
expectTypeOf<FromAvro<{ type: "string"; logicalType: "uuid" }>>().toEqualTypeOf<string>();
expectTypeOf<FromAvro<{ type: "bytes"; logicalType: "big-decimal" }>>().toEqualTypeOf<Decimal>();
expectTypeOf<FromAvro<{ type: "bytes"; logicalType: "unknown" }>>().toEqualTypeOf<Uint8Array>();
expectTypeOf<FromAvro<{ type: "long"; logicalType: "date" }>>().toEqualTypeOf<bigint>();
expectTypeOf<
  FromAvro<{ type: "bytes"; logicalType: "decimal"; precision: 38; scale: 2 }>
>().toEqualTypeOf<Decimal>();
expectTypeOf<FromAvro<{ type: "fixed"; name: "U"; size: 16; logicalType: "uuid" }>>().toEqualTypeOf<string>();
expectTypeOf<FromAvro<{ type: "fixed"; name: "H"; size: 32 }>>().toEqualTypeOf<Uint8Array>();

// Unions: one branch besides null is plain, more are wrapped by name.
expectTypeOf<FromAvro<readonly ["null", "string"]>>().toEqualTypeOf<string | null>();
expectTypeOf<FromAvro<readonly ["string"]>>().toEqualTypeOf<string>();
expectTypeOf<
  FromAvro<readonly ["null", { type: "long"; logicalType: "timestamp-millis" }]>
>().toEqualTypeOf<Date | null>();
expectTypeOf<FromAvro<readonly ["string", "long"]>>().toEqualTypeOf<{ string: string } | { long: bigint }>();
expectTypeOf<
  FromAvro<readonly ["null", "boolean", { type: "enum"; name: "a.E"; symbols: readonly ["X", "Y"] }]>
>().toEqualTypeOf<null | { boolean: boolean } | { "a.E": "X" | "Y" }>();

// A record as a user writes it, without `as const`: every part of the type follows.
const deposited = createCodec({
  type: "record",
  name: "FundsDeposited",
  namespace: "ledger",
  fields: [
    { name: "amount", type: { type: "bytes", logicalType: "decimal", precision: 38, scale: 2 } },
    { name: "currency", type: { type: "enum", name: "Currency", symbols: ["EUR", "USD"] } },
    { name: "charged", type: "Currency", doc: "by its short name" },
    { name: "refunded", type: "ledger.Currency" },
    { name: "memo", type: ["null", "string"], default: null },
    { name: "tags", type: { type: "array", items: "string" }, default: [] },
    { name: "counts", type: { type: "map", values: "long" } },
    {
      name: "origin",
      type: ["null", "string", { type: "record", name: "Origin", fields: [{ name: "bank", type: "int" }] }],
    },
  ],
});
type Deposited = Parameters<typeof deposited.encode>[0];
expectTypeOf<Deposited>().toEqualTypeOf<{
  amount: Decimal;
  currency: "EUR" | "USD";
  charged: "EUR" | "USD";
  refunded: "EUR" | "USD";
  memo: string | null;
  tags: readonly string[];
  counts: Record<string, bigint>;
  origin: null | { string: string } | { "ledger.Origin": { bank: number } };
}>();
expectTypeOf(deposited.decode).returns.toEqualTypeOf<Deposited>();

// Recursion, through a namespace that comes from the full name.
const tree = createCodec({
  type: "record",
  name: "shop.Category",
  fields: [
    { name: "title", type: "string" },
    { name: "parent", type: ["null", "Category"] },
    { name: "children", type: { type: "array", items: "shop.Category" } },
  ],
});
interface Category {
  title: string;
  parent: Category | null;
  children: readonly Category[];
}
expectTypeOf(tree.decode).returns.toExtend<Category>();
expectTypeOf<Category>().toExtend<Parameters<typeof tree.encode>[0]>();

// A schema that is not a literal gives unknown values.
expectTypeOf(createCodec(parseSchema("int")).decode).returns.toEqualTypeOf<unknown>();
expectTypeOf<FromAvro<"not.defined.Here">>().toEqualTypeOf<unknown>();

declare const valid: Deposited;
// @ts-expect-error a long or decimal is no number
deposited.encode({ ...valid, amount: 1 });
// @ts-expect-error not a symbol
deposited.encode({ ...valid, currency: "CZK" });
// @ts-expect-error a union of two types is wrapped
deposited.encode({ ...valid, origin: "bank" });
// @ts-expect-error a field with a default is still required
deposited.encode({
  amount: valid.amount,
  currency: "EUR",
  charged: "EUR",
  refunded: "EUR",
  tags: [],
  counts: {},
  origin: null,
});
// @ts-expect-error fields need a type
createCodec({ type: "record", name: "R", fields: [{ name: "a" }] });
// @ts-expect-error a fixed needs a size
createCodec({ type: "fixed", name: "F" });

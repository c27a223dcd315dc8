import { parseDecimal } from "@tidemark/schema-registry/avro";
import { z } from "zod";
import { fitsLedger, maxDigits } from "./exact-decimal.ts";

const remedy = `must be a plain decimal string such as "10.00", with at most ${maxDigits} digits`;

/** A decimal string as HTTP and commands carry it. A JSON number is refused: it may have lost digits already. */
export const signedAmount = z
  .string({ error: `${remedy}; send a string, not a number` })
  .max(80, { error: remedy, abort: true })
  .regex(/^-?\d+(\.\d+)?$/, { error: remedy, abort: true })
  .refine((text) => fitsLedger(parseDecimal(text)), { error: remedy, abort: true })
  .describe("An exact decimal, for example 10.00");

export const positiveAmount = signedAmount.refine((text) => parseDecimal(text).unscaled > 0n, {
  error: "must be greater than zero",
});

export const nonNegativeAmount = signedAmount.refine((text) => parseDecimal(text).unscaled >= 0n, {
  error: "must not be negative",
});

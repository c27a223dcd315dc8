import { parseDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import { v5 } from "uuid";
import { calendarDate } from "./calendar-date.ts";
import { fitsLedger, maxDigits } from "../domain/exact-decimal.ts";
import type { SkippedRecord, TransactionRecord } from "./source-record.ts";

const namespace = "5b0c6a52-3d1e-5f27-9a44-7c1f0e9d8b62";
const columns = "trans_id account_id date type operation amount balance k_symbol bank account".split(" ");

export const bankCsvHeader = columns.join(";");

const directions: ReadonlyMap<string, "credit" | "debit"> = new Map([
  ["PRIJEM", "credit"],
  ["VYDAJ", "debit"],
  ["VYBER", "debit"],
]);

/** Says why a row cannot be understood. */
export class BankRowError extends Error {
  override readonly name = "BankRowError";
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

/** `date(yymmdd)` is accepted for `date`: that is how the bank describes the column. */
export function isBankCsvHeader(fields: readonly string[]): boolean {
  const named = fields.map((field) => field.trim().replace(/^date\(yymmdd\)$/, "date"));
  return named.length === columns.length && columns.every((column, index) => named[index] === column);
}

/** The bank writes two digits of the year: 70-99 are of the 20th century, 00-69 of the 21st (as in POSIX, +1). */
function readDate(text: string): string {
  const [, year = "", month = "", day = ""] = /^(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  const date = calendarDate(Number(year) + (Number(year) < 70 ? 2000 : 1900), Number(month), Number(day));
  if (year !== "" && date !== null) return date;
  throw new BankRowError(`date ${quote(text)} is not a day written as yymmdd`);
}

function readAmount(text: string): Decimal {
  if (!/^\d+(?:\.\d+)?$/.test(text)) {
    throw new BankRowError(`amount ${quote(text)} is not a positive decimal such as 1173.15`);
  }
  const digits = text.replace(/^0+(?=\d)/, "");
  const amount = digits.length > maxDigits + 2 ? null : parseDecimal(digits);
  if (amount !== null && fitsLedger(amount)) return amount;
  throw new BankRowError(`amount has more than ${maxDigits} digits`);
}

function readId(column: string, text: string): string {
  if (/^[A-Za-z0-9._:-]{1,128}$/.test(text)) return text;
  throw new BankRowError(`${column} ${quote(text)} is not 1 to 128 of the characters A-Z a-z 0-9 . _ : -`);
}

function readDirection(text: string): "credit" | "debit" {
  const direction = directions.get(text);
  if (direction !== undefined) return direction;
  throw new BankRowError(`type ${quote(text)} is none of ${[...directions.keys()].join(", ")}`);
}

/** Reads one row behind the header. Throws {@link BankRowError}. */
export function readBankRow(fields: readonly string[], line: number): TransactionRecord | SkippedRecord {
  if (fields.length !== columns.length) {
    throw new BankRowError(`The line has ${fields.length} fields instead of ${columns.length}`);
  }
  const [id = "", account = "", date = "", type = "", operation = "", written = "", , symbol = ""] =
    fields.map((field) => field.trim());
  const transactionId = readId("trans_id", id);
  const amount = readAmount(written);
  const record: TransactionRecord = {
    kind: "transaction",
    sourceId: v5(transactionId, namespace),
    line,
    accountId: readId("account_id", account),
    date: readDate(date),
    direction: readDirection(type),
    amount,
    reference: [operation, symbol, transactionId].filter((part) => part !== "").join(" "),
  };
  return amount.unscaled === 0n ? { kind: "skipped", line, directive: "transaction of zero" } : record;
}

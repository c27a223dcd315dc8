import { formatDecimal } from "@tidemark/schema-registry/avro";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bankRecords, entriesOf, journalRecords } from "./read-all.ts";

// Real files that are not part of the repository; where they lie beside it, they are read as a whole.
const data = new URL("../../../../shared/data/", import.meta.url);
const bank = new URL("bank-1993.csv", data);
const accounts = new URL("accounts.journal", data);

/** `1173.15` as hundredths. */
function hundredths(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(2, "0").slice(0, 2));
}

describe("real files", () => {
  test("the bank's transactions of 1993 have the sums of plain arithmetic over the file", async (context) => {
    if (!existsSync(bank)) return context.skip("../shared/data/bank-1993.csv is not there");
    const text = readFileSync(bank, "utf8");
    const expected = new Map<string, bigint>();
    for (const line of text.split("\n").slice(1).filter(Boolean)) {
      const [, account = "", , type, , amount = ""] = line.replaceAll('"', "").split(";");
      const signed = type === "PRIJEM" ? hundredths(amount) : -hundredths(amount);
      expected.set(account, (expected.get(account) ?? 0n) + signed);
    }
    const sums = new Map<string, bigint>();
    const ids = new Set<string>();
    for (const record of await bankRecords(text)) {
      if (record.kind !== "transaction") throw new Error(JSON.stringify(record));
      const amount = hundredths(formatDecimal(record.amount));
      const signed = record.direction === "credit" ? amount : -amount;
      sums.set(record.accountId, (sums.get(record.accountId) ?? 0n) + signed);
      ids.add(record.sourceId);
      expect(record.date).toMatch(/^1993-/);
    }
    expect(ids.size).toBe(28_205);
    expect(sums).toEqual(expected);
  });

  test("every entry of the journal with prices and costs is read", async (context) => {
    if (!existsSync(accounts)) return context.skip("../shared/data/accounts.journal is not there");
    const text = readFileSync(accounts, "utf8");
    const records = await journalRecords(text);
    const entries = entriesOf(records);
    expect(entries).toHaveLength(text.match(/^\d/gm)?.length ?? 0);
    expect(entries).toHaveLength(1_000);
    expect(new Set(entries.map(({ sourceId }) => sourceId)).size).toBe(1_000);
    const others = records.filter((record) => record.kind !== "entry");
    expect(others).toHaveLength(1_000);
    expect(others.every((record) => record.kind === "skipped" && record.directive === "P")).toBe(true);
    expect(entries.flatMap(({ postings }) => postings)).toHaveLength(2_000);
    expect(entries.flatMap(({ postings }) => postings).filter(({ cost }) => cost !== null)).toHaveLength(
      text.match(/ @/g)?.length ?? 0,
    );
  });
});

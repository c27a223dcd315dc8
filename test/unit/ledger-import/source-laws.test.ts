import { formatDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { readBankCsv } from "../../../examples/ledger/src/import/bank-csv.ts";
import { readJournal } from "../../../examples/ledger/src/import/journal.ts";
import type { SourceRecord } from "../../../examples/ledger/src/import/source-record.ts";
import {
  bankRecords,
  chunksOf,
  entriesOf,
  journalRecords,
  onlyEntry,
  problemLines,
  showPostings,
} from "./read-all.ts";

const samples = new URL("../../../examples/ledger/samples/", import.meta.url);
const journalSample = readFileSync(new URL("household.journal", samples));
const bankSample = readFileSync(new URL("bank.csv", samples));

const decimal = fc
  .record({
    unscaled: fc.bigInt({ min: 1n - 10n ** 38n, max: 10n ** 38n - 1n }).filter((value) => value !== 0n),
    scale: fc.nat(38),
  })
  .map((value): Decimal => value);
const commodity = fc.stringMatching(/^[A-Za-z$\u20ac\u00a5%_]{1,6}$/u).filter((name) => !/^[eE]/.test(name));
const account = fc.stringMatching(/^[a-z\u00e9]{1,8}(:[a-z0-9]{1,6}( [a-z]{1,4})?){0,3}$/u);

const styles: readonly ((number: string, symbol: string) => string)[] = [
  (number, symbol) => `${number} ${symbol}`,
  (number, symbol) => `${number}${symbol}`,
  (number, symbol) => `${symbol} ${number}`,
  (number, symbol) => `${symbol}${number}`,
  (number, symbol) => (number.startsWith("-") ? `-${symbol}${number.slice(1)}` : `+${symbol}${number}`),
  (number, symbol) => `"${symbol}" ${number}`,
];

/** Groups of three, then the mark and its digits; a whole number ends with the mark. */
function grouped(number: string, group: string, mark: string): string {
  const [whole = "", fraction = ""] = number.split(".");
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, group)}${mark}${fraction}`;
}

describe("laws of the journal reader", () => {
  test("a printed amount is read as the same amount, in each style", async () => {
    const style = fc.constantFrom(...styles);
    const marks = fc.constantFrom(null, [",", "."], [".", ","], [" ", ","], ["\u00a0", "."]);
    await fc.assert(
      fc.asyncProperty(decimal, commodity, style, marks, async (amount, symbol, print, chosen) => {
        const plain = formatDecimal(amount);
        const [group, mark] = chosen ?? [];
        const number = group === undefined || mark === undefined ? plain : grouped(plain, group, mark);
        const entry = await onlyEntry(`2024-01-01 x\n  a  ${print(number, symbol)}\n  b\n`);
        expect(entry.postings[0]).toEqual({ account: "a", amount, commodity: symbol, cost: null });
        expect(entry.postings[1]?.amount).toEqual({ unscaled: -amount.unscaled, scale: amount.scale });
      }),
    );
  });

  test("a printed entry is read as the same entry", async () => {
    const small = fc
      .record({ unscaled: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), scale: fc.nat(4) })
      .filter(({ unscaled }) => unscaled !== 0n);
    const pair = fc.record({ from: account, to: account, amount: small, symbol: commodity });
    const entry = fc.record({
      date: fc.date({ min: new Date("1900-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
      mark: fc.constantFrom("", "* ", "! "),
      code: fc.constantFrom("", "(17) "),
      description: fc.stringMatching(/^[A-Za-z\u00e9|,&]{1,9}( [A-Za-z0-9*!'()]{1,9}){0,3}$/u),
      pairs: fc.array(pair, { minLength: 1, maxLength: 6 }),
      ending: fc.constantFrom("\n", "\r\n"),
    });
    await fc.assert(
      fc.asyncProperty(entry, async ({ date, mark, code, description, pairs, ending }) => {
        const day = date.toISOString().slice(0, 10);
        const expected = pairs.flatMap(({ from, to, amount, symbol }) => [
          `${to}  ${formatDecimal(amount)} ${symbol}`,
          `${from}  ${formatDecimal({ ...amount, unscaled: -amount.unscaled })} ${symbol}`,
        ]);
        const lines = [
          `${day} ${mark}${code}${description}  ; note`,
          ...expected.map((each) => `    ${each}`),
        ];
        const read = await onlyEntry(lines.join(ending) + ending);
        expect(read).toMatchObject({ date: day, description });
        // One mark with three digits is read as a decimal point unless the commodity shows otherwise.
        expect(showPostings(read)).toEqual(expected);
      }),
    );
  });

  test("equal entries have distinct ids that stay when entries are added before, between and behind", async () => {
    const bodies = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 12 });
    const print = (name: string) => `2024-01-01 ${name}\n  x  $1\n  y\n\n`;
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.nat(12), { maxLength: 5 }), async (names, places) => {
        const before = entriesOf(await journalRecords(names.map(print).join("")));
        expect(new Set(before.map(({ sourceId }) => sourceId)).size).toBe(names.length);
        const grown: string[] = [...names];
        for (const place of places) grown.splice(place, 0, "new");
        const after = entriesOf(await journalRecords(grown.map(print).join("")));
        const kept = after.filter(({ description }) => description !== "new");
        expect(kept.map(({ sourceId }) => sourceId)).toEqual(before.map(({ sourceId }) => sourceId));
      }),
    );
  });

  test("arbitrary text is read to its end: nothing throws, and every line is inside the file", async () => {
    const line = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "2024-01-01 x",
        "  a  $1",
        "  b",
        "",
        "; c",
        "comment",
        "end comment",
        "  [c]  1,000 X",
      ),
      fc.constantFrom("D $1.0", "alias a = b", "apply account q", "end apply account", "P 2024-01-01 A $1"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const text = lines.join("\n");
        const count = text.split("\n").length;
        for (const record of await journalRecords(text)) {
          expect(record.line).toBeGreaterThan(0);
          expect(record.line).toBeLessThanOrEqual(count);
          if (record.kind === "problem") expect(record.reason.length).toBeLessThan(300);
        }
      }),
    );
  });
});

test("arbitrary rows of a bank CSV are read to their end, one record a line that is not empty", async () => {
  const field = fc.oneof(
    fc.string({ unit: "binary", maxLength: 5 }),
    fc.constantFrom("", '"', '""', '"a;b"', '"a""b"', "700.00", "930101", "PRIJEM", "7"),
  );
  const line = fc.array(field, { maxLength: 11 }).map((fields) => fields.join(";"));
  const header = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account";
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (rows) => {
      const lines = [header, ...rows].join("\n").split("\n");
      const expected = lines.flatMap((text, index) => (index > 0 && text.trim() !== "" ? [index + 1] : []));
      expect((await bankRecords(lines.join("\n"))).map((record) => record.line)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

describe("what makes an entry the same one", () => {
  const base = "2024-01-01 Market\n  a  $1.00\n  b\n";

  async function idOf(text: string): Promise<string> {
    return (await onlyEntry(text)).sourceId;
  }

  test.each([
    ["status", "2024-01-01 * Market\n  a  $1.00\n  ! b\n"],
    ["comments", "2024-01-01 Market ; new\n  ; new\n  a  $1.00 ; new\n  b  ; new\n"],
    ["spacing and line endings", "2024-01-01   Market\r\n\ta    $1.00  \r\n    b\r\n"],
    ["another way to write the date", "2024/1/1=2024/1/5 Market\n  a  $1.00\n  b\n"],
    ["a balance assertion", "2024-01-01 Market\n  a  $1.00 = $5\n  b\n"],
    ["a virtual posting", "2024-01-01 Market\n  a  $1.00\n  b\n  (c)  $9\n"],
  ])("%s can change", async (_name, text) => {
    expect(await idOf(text)).toBe(await idOf(base));
  });

  test.each([
    ["the date", base.replace("01-01", "01-02")],
    ["the code", base.replace("Market", "(1) Market")],
    ["the payee", base.replace("Market", "Shop")],
    ["an account", base.replace("  a", "  c")],
    ["an amount", base.replace("1.00", "1.01")],
    ["a commodity", base.replace("$", "EUR ")],
    ["a cost", base.replace("$1.00", "$1.00 @ 2 EUR")],
  ])("%s makes it another", async (_name, text) => {
    expect(await idOf(text)).not.toBe(await idOf(base));
  });

  test("the ids are fixed for ever", async () => {
    expect(await idOf(base)).toBe("e9a2309e-541f-5102-8797-650f237e0504");
  });
});

describe("chunks", () => {
  const cases: [string, Uint8Array, (...chunks: Uint8Array[]) => Promise<SourceRecord[]>][] = [
    ["journal", journalSample, journalRecords],
    ["journal with CRLF", Buffer.from(journalSample.toString().replaceAll("\n", "\r\n")), journalRecords],
    [
      "journal in UTF-8 with a byte order mark",
      Buffer.from(`\ufeff2024-01-01 Caf\u00e9 \ud83c\udf0a\n  \u00e9  5 \u20ac\n  b\n`),
      journalRecords,
    ],
    ["bank CSV", bankSample, bankRecords],
    ["bank CSV with damage", Buffer.concat([bankSample, Buffer.from('1;"2\r\n\r\n3;4')]), bankRecords],
  ];

  test.each(cases)("%s: the records do not depend on where the bytes are cut", async (_name, bytes, read) => {
    const whole = await read(bytes);
    expect(whole.length).toBeGreaterThan(0);
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const ends = [...places.toSorted((left, right) => left - right), bytes.length];
        const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(await read(...chunks)).toEqual(whole);
      }),
      { numRuns: 40 },
    );
    expect(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  test("a line without an end is not kept in memory", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      const chunk = Buffer.alloc(65_536, "9");
      for (let index = 0; index < 2_000; index++) yield chunk;
    }
    setFlagsFromString("--expose-gc");
    const collectGarbage: unknown = runInNewContext("gc");
    const usedHeap = () => {
      if (typeof collectGarbage === "function") collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = usedHeap();
    const records = readJournal(endless());
    expect((await records.next()).value).toMatchObject({ kind: "problem", line: 1 });
    // The reader still holds what it has kept of the line of 131 MB.
    expect(usedHeap() - before).toBeLessThan(20_000_000);
    expect((await records.next()).done).toBe(true);
  });

  test("an aborted signal ends the reading with its reason", async () => {
    const reason = new Error("stopped");
    const records = readBankCsv(chunksOf(bankSample), { signal: AbortSignal.abort(reason) });
    await expect(records.next()).rejects.toBe(reason);
  });
});

test("the samples are read without a problem", async () => {
  const journal = await journalRecords(journalSample);
  expect(await problemLines(journalSample.toString())).toEqual([]);
  expect(entriesOf(journal)).toHaveLength(40);
  expect((await bankRecords(bankSample)).map(({ kind }) => kind)).toEqual(Array(12).fill("transaction"));
});

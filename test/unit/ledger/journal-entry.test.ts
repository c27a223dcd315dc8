import { testAggregate } from "@tidemark/framework/testing";
import { formatDecimal, parseDecimal } from "@tidemark/schema-registry/avro";
import { describe, expect, test } from "vitest";
import { JournalEntry, JournalEntryRecorded } from "../../../examples/ledger/src/domain/journal-entry.ts";

interface PostingText {
  readonly account: string;
  readonly amount: string;
  readonly currency: string;
  readonly cost?: { readonly amount: string; readonly currency: string } | null;
}

function posting(account: string, amount: string, currency: string, cost?: string): PostingText {
  const [costAmount, costCurrency] = cost?.split(" ") ?? [];
  if (costAmount === undefined || costCurrency === undefined) return { account, amount, currency };
  return { account, amount, currency, cost: { amount: costAmount, currency: costCurrency } };
}

function entry(...postings: readonly PostingText[]) {
  return { date: "2026-11-20", description: "Groceries", postings: [...postings] };
}

function recorded(...postings: readonly PostingText[]) {
  return JournalEntryRecorded({
    date: "2026-11-20",
    description: "Groceries",
    postings: postings.map(({ account, amount, currency, cost }) => ({
      account,
      amount: parseDecimal(amount),
      currency,
      cost: cost ? { amount: parseDecimal(cost.amount), currency: cost.currency } : null,
    })),
  });
}

const journalEntry = testAggregate(JournalEntry, "e-1");

/** The cost that is stored for a posting of this amount and cost. */
function storedCost(amount: string, cost: string): string {
  const { decide, input } = JournalEntry.commands.record;
  const [total = "", currency = ""] = cost.split(" ");
  const balancing = amount.startsWith("-") ? total.replace("-", "") : `-${total.replace("-", "")}`;
  const postings = [posting("a", amount, "A", cost), posting("b", balancing, currency)];
  const decision = decide({ recorded: false }, input.parse(entry(...postings)), { id: "e", revision: null });
  const [event] = [decision].flat();
  const found = event?.data.postings[0]?.cost ?? null;
  return found === null ? "none" : `${formatDecimal(found.amount)} ${found.currency}`;
}

describe("an entry", () => {
  test("is recorded when it sums to zero in each currency", () => {
    const postings = [
      posting("expenses:food", "12.50", "EUR"),
      posting("assets:cash", "-12.5", "EUR"),
      posting("assets:usd", "-3", "USD"),
      posting("expenses:fees", "3.000", "USD"),
    ];
    journalEntry.when("record", entry(...postings)).then([recorded(...postings)]);
  });

  test("balances at cost, and the units that were bought need no counterpart", () => {
    const postings = [
      posting("assets:shares", "10", "ACME", "1234.5 USD"),
      posting("assets:cash", "-1234.50", "USD"),
    ];
    journalEntry.when("record", entry(...postings)).then([recorded(...postings)]);
  });

  test("one currency that is off by the last of 38 places is refused", () => {
    const off = `0.${"0".repeat(37)}1`;
    journalEntry
      .when("record", entry(posting("a", "1", "EUR"), posting("b", "-1", "EUR"), posting("c", off, "USD")))
      .thenRefused("entry-not-balanced");
    journalEntry
      .when("record", entry(posting("a", "1", "ACME", "5 USD"), posting("b", "-1", "ACME")))
      .thenRefused("entry-not-balanced");
  });

  test("currencies are told apart by case and by every character", () => {
    journalEntry
      .when("record", entry(posting("a", "1", "EUR"), posting("b", "-1", "eur")))
      .thenRefused("entry-not-balanced");
  });

  test("a cost in the posting's own currency is refused", () => {
    journalEntry
      .when("record", entry(posting("a", "1", "USD", "1 USD"), posting("b", "-1", "USD")))
      .thenRefused("currency-mismatch");
  });

  test("is recorded once", () => {
    const postings = [posting("a", "1", "EUR"), posting("b", "-1", "EUR")];
    journalEntry
      .given([recorded(...postings)])
      .when("record", entry(...postings))
      .thenRefused("entry-already-recorded");
  });

  test.each([
    ["10", "7 B", "7 B"],
    ["10", "-7 B", "7 B"],
    ["-10", "7 B", "-7 B"],
    ["-10", "-7 B", "-7 B"],
    ["10", "0 B", "0 B"],
    ["0", "7 B", "7 B"],
  ])("the cost of %s A at %s is stored as %s", (amount, cost, expected) => {
    expect(storedCost(amount, cost)).toBe(expected);
  });
});

describe("fields that break a rule", () => {
  const good = [posting("a", "1", "EUR"), posting("b", "-1", "EUR")] as const;

  test.each<[string, object]>([
    ["date", { date: "2026-02-29" }],
    ["date", { date: "20.11.2026" }],
    ["date", { date: "2026-11-20T00:00:00Z" }],
    ["description", { description: "a\tb" }],
    ["description", { description: "x".repeat(1_001) }],
    ["postings", { postings: [] }],
    ["postings", { postings: Array.from({ length: 1_001 }, () => good[0]) }],
    ["postings.1.account", { postings: [good[0], { ...good[1], account: "" }] }],
    ["postings.0.account", { postings: [{ ...good[0], account: "accounts:1" }, good[1]] }],
    ["postings.0.account", { postings: [{ ...good[0], account: "external:EUR" }, good[1]] }],
    ["postings.0.account", { postings: [{ ...good[0], account: "conversion:EUR" }, good[1]] }],
    ["postings.0.amount", { postings: [{ ...good[0], amount: "9".repeat(39) }, good[1]] }],
    ["postings.0.currency", { postings: [{ ...good[0], currency: "" }, good[1]] }],
    [
      "postings.0.cost.amount",
      { postings: [{ ...good[0], cost: { amount: "x", currency: "USD" } }, good[1]] },
    ],
    ["postings.0.cost.currency", { postings: [{ ...good[0], cost: { amount: "1" } }, good[1]] }],
  ])("%s", (field, change) => {
    const command = () => journalEntry.when("record", { ...entry(...good), ...change }).then([]);
    expect(command).toThrow(
      expect.objectContaining({ code: "validation-failed", errors: [expect.objectContaining({ field })] }),
    );
  });
});

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { eventStores, problemOf, startLedger, type Answer, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  let ledger: RunningLedger | null = null;

  /** One database for the file: what a test adds to the trial balance it does under names of its own. */
  async function running(): Promise<RunningLedger> {
    ledger ??= await startLedger({ eventStore });
    return ledger;
  }

  let api: RunningLedger;

  beforeEach(async () => {
    api = await running();
  });

  afterAll(() => ledger?.close());

  function posting(
    account: string,
    amount: string,
    currency: string,
    cost?: { amount: string; currency: string } | null,
  ) {
    return cost === undefined ? { account, amount, currency } : { account, amount, currency, cost };
  }

  function record(postings: readonly object[], more: object = {}): Promise<Answer> {
    return api.post("/journal-entries", { date: "2026-11-20", description: "A test", postings, ...more });
  }

  /** The trial balance's lines in these currencies, as `account balance currency`. */
  async function balancesIn(after: Answer, ...currencies: readonly string[]): Promise<string[]> {
    const { items } = (await api.getAfter(after, "/trial-balance")).body;
    const lines: { account: string; currency: string; balance: string }[] = items;
    return lines
      .filter(({ currency }) => currencies.includes(currency))
      .map(({ account, balance, currency }) => `${account} ${balance} ${currency}`);
  }

  describe("a journal entry", () => {
    test("answers 201 with its id, revision and position", async () => {
      const postings = [posting("a", "1.50", "ONE"), posting("b", "-1.5", "ONE")];
      const named = await record(postings, { entryId: "entry.1" });
      expect(named).toMatchObject({ status: 201, body: { entryId: "entry.1", revision: "0" } });
      expect(named.body.position).toMatch(/^\d+$/);
      const unnamed = await record(postings);
      expect(unnamed.body.entryId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      expect(await balancesIn(unnamed, "ONE")).toEqual(["a 3.00 ONE", "b -3.0 ONE"]);
      const again = await record(postings, { entryId: "entry.1" });
      expect(again).toMatchObject(problemOf(409, "entry-already-recorded"));
    });

    test("with costs balances at cost, and conversion accounts keep every currency at zero", async () => {
      const entry = await record([
        posting("assets:shares", "10", "TWO-ACME", { amount: "1234.50", currency: "TWO-USD" }),
        posting("assets:cash", "-1234.5", "TWO-USD"),
      ]);
      expect(entry.status).toBe(201);
      expect(await balancesIn(entry, "TWO-ACME", "TWO-USD")).toEqual([
        "assets:cash -1234.5 TWO-USD",
        "assets:shares 10 TWO-ACME",
        "conversion:TWO-ACME -10 TWO-ACME",
        "conversion:TWO-ACME 1234.50 TWO-USD",
      ]);
      const sold = await record([
        posting("assets:shares", "-4", "TWO-ACME", { amount: "600", currency: "TWO-USD" }),
        posting("assets:cash", "600", "TWO-USD", null),
      ]);
      expect(await balancesIn(sold, "TWO-ACME", "TWO-USD")).toEqual([
        "assets:cash -634.5 TWO-USD",
        "assets:shares 6 TWO-ACME",
        "conversion:TWO-ACME -6 TWO-ACME",
        "conversion:TWO-ACME 634.50 TWO-USD",
      ]);
    });

    test("may name any commodity and account", async () => {
      const strange = [
        "$",
        "Käse €",
        "a:b",
        "constructor",
        "__proto__",
        "x".repeat(64),
        "'; drop table",
        "\\",
      ];
      let last = await record([posting("a", "1", "THREE"), posting("b", "-1", "THREE")]);
      for (const name of strange) {
        last = await record([posting(name, "1", name), posting("equity", "-1", name)]);
        expect(last.status, name).toBe(201);
      }
      const lines = await balancesIn(last, ...strange);
      for (const name of strange) expect(lines).toContain(`${name} 1 ${name}`);
    });

    test("keeps 38 digits of either side of the point", async () => {
      const large = "9".repeat(38);
      const small = `0.${"0".repeat(37)}1`;
      const entry = await record([
        posting("large", large, "FOUR"),
        posting("small", small, "FOUR"),
        posting("small-too", `-${small}`, "FOUR"),
        posting("large-too", `-${large}`, "FOUR"),
      ]);
      expect(entry.status).toBe(201);
      const second = await record([posting("large", small, "FOUR"), posting("small", `-${small}`, "FOUR")]);
      expect(await balancesIn(second, "FOUR")).toEqual([
        `large ${large}.${"0".repeat(37)}1 FOUR`,
        `large-too -${large} FOUR`,
        `small 0.${"0".repeat(38)} FOUR`,
        `small-too -${small} FOUR`,
      ]);
    });

    test("that is off in one currency is a 422 that says by how much", async () => {
      const off = await record([posting("a", "1", "EUR"), posting("b", "-0.99", "EUR")]);
      expect(off).toMatchObject(problemOf(422, "entry-not-balanced"));
      expect(off.body.detail).toContain("0.01 EUR");
      const cost = { amount: "5", currency: "USD" };
      expect(await record([posting("a", "1", "EUR", cost), posting("b", "-1", "EUR")])).toMatchObject(
        problemOf(422, "entry-not-balanced"),
      );
      expect(await record([posting("a", "1", "EUR")])).toMatchObject(problemOf(422, "entry-not-balanced"));
    });

    test("with a cost in its own currency is a 422", async () => {
      const cost = { amount: "1", currency: "EUR" };
      expect(await record([posting("a", "1", "EUR", cost), posting("b", "-1", "EUR")])).toMatchObject(
        problemOf(422, "currency-mismatch"),
      );
    });

    test.each<[string, object, string]>([
      ["no postings", { postings: [] }, "postings"],
      ["postings that are no list", { postings: {} }, "postings"],
      ["no date", { date: undefined }, "date"],
      ["a day that does not exist", { date: "2026-02-30" }, "date"],
      ["no description", { description: undefined }, "description"],
      [
        "an amount as a number",
        { postings: [posting("a", "1", "EUR"), { ...posting("b", "", "EUR"), amount: -1 }] },
        "postings.1.amount",
      ],
      ["39 digits", { postings: [posting("a", "1".repeat(39), "EUR")] }, "postings.0.amount"],
      [
        "a cost without a currency",
        { postings: [{ ...posting("a", "1", "EUR"), cost: { amount: "1" } }] },
        "postings.0.cost.currency",
      ],
      [
        "an account of the ledger's own",
        { postings: [posting("external:EUR", "0", "EUR")] },
        "postings.0.account",
      ],
      ["an id with a space", { entryId: "a b" }, "entryId"],
    ])("with %s is a 400 that names the field", async (_, change, field) => {
      const postings = [posting("a", "0", "EUR")];
      const answer = await record(postings, change);
      expect(answer).toMatchObject(problemOf(400, "validation-failed"));
      expect(answer.body.errors.map(({ field: named }: { field: string }) => named)).toContain(field);
    });

    test("of 1,000 postings is taken, of 1,001 is not", async () => {
      const thousand = Array.from({ length: 1_000 }, (_, index) =>
        posting(`many:${index}`, index % 2 === 0 ? "1" : "-1", "MANY"),
      );
      const taken = await record(thousand);
      expect(taken.status).toBe(201);
      expect(await balancesIn(taken, "MANY")).toHaveLength(1_000);
      expect((await record([...thousand, posting("a", "0", "MANY")])).status).toBe(400);
    });

    test("with a year far from now is stored and read", async () => {
      for (const date of ["0001-01-01", "1969-12-31", "9999-12-31"]) {
        const entry = await record([posting("a", "1", "YEARS"), posting("b", "-1", "YEARS")], { date });
        expect(entry.status, date).toBe(201);
      }
    });
  });

  describe("the trial balance", () => {
    test("covers the bank's accounts: each movement has its opposite outside", async () => {
      await api.post("/accounts", { accountId: "b-1", owner: "Ada", currency: "BANK", overdraftLimit: null });
      const opened = await api.post("/accounts", { accountId: "b-2", owner: "Bob", currency: "BANK" });
      expect(await balancesIn(opened, "BANK")).toEqual(["accounts:b-1 0 BANK", "accounts:b-2 0 BANK"]);
      await api.post("/accounts/b-1/deposits", { amount: "10.25" });
      await api.post("/accounts/b-1/withdrawals", { amount: "20" });
      await api.post("/accounts/b-2/deposits", { amount: "1" });
      const entry = await record([posting("assets:vault", "3", "BANK"), posting("equity", "-3", "BANK")]);
      expect(await balancesIn(entry, "BANK")).toEqual([
        "accounts:b-1 -9.75 BANK",
        "accounts:b-2 1 BANK",
        "assets:vault 3 BANK",
        "equity -3 BANK",
        "external:BANK 8.75 BANK",
      ]);
    });

    test("sums to zero in every currency after all of this", async () => {
      const { items } = (await api.get("/trial-balance")).body;
      const lines: { currency: string; balance: string }[] = items;
      const sums = new Map<string, bigint>();
      for (const { currency, balance } of lines) {
        const [whole = "", fraction = ""] = balance.split(".");
        sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(whole + fraction.padEnd(60, "0")));
      }
      expect(sums.size).toBeGreaterThan(0);
      expect([...sums].filter(([, sum]) => sum !== 0n)).toEqual([]);
    });
  });
});

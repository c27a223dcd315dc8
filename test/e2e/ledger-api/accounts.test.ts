import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStores, problemOf, startLedger, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  let ledger: RunningLedger;

  beforeAll(async () => {
    ledger = await startLedger({ eventStore });
  });

  afterAll(() => ledger.close());

  async function open(accountId: string, more: object = {}): Promise<void> {
    const answer = await ledger.post("/accounts", { accountId, owner: "Ada", currency: "EUR", ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  }

  describe("opening an account", () => {
    test("answers 201 with its id, revision and position as decimal strings, ETag and token", async () => {
      const answer = await ledger.post("/accounts", { accountId: "first", owner: "Ada", currency: "EUR" });
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        accountId: "first",
        revision: "0",
        position: expect.stringMatching(/^\d+$/),
      });
      expect(answer.headers.get("etag")).toBe('"0"');
      expect(answer.headers.get("consistency-token")).toMatch(
        new RegExp(`^v1\\.[0-9a-f-]{36}\\.${answer.body.position}$`),
      );
      expect((await ledger.getAfter(answer, "/accounts/first")).body).toEqual({
        accountId: "first",
        owner: "Ada",
        currency: "EUR",
        balance: "0",
        status: "open",
        revision: "0",
      });
    });

    test("makes a uuid v7 where none is given, and takes any id of the allowed characters", async () => {
      const made = await ledger.post("/accounts", { owner: "Ada", currency: "EUR" });
      expect(made.status).toBe(201);
      expect(made.body.accountId).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      for (const accountId of ["A-z.0_9:-", "-", ".", "..", "x".repeat(128), "constructor", "__proto__"]) {
        const answer = await ledger.post("/accounts", { accountId, owner: "Ada", currency: "EUR" });
        expect(answer, accountId).toMatchObject({ status: 201, body: { accountId } });
        const found = await ledger.getAfter(answer, `/accounts/${encodeURIComponent(accountId)}`);
        // A path segment of dots is resolved away by every client before it is sent.
        if (!/^\.+$/.test(accountId))
          expect(found, accountId).toMatchObject({ status: 200, body: { accountId } });
      }
    });

    test("twice is a 409, whoever asks", async () => {
      await open("twice");
      const again = await ledger.post("/accounts", { accountId: "twice", owner: "Bob", currency: "USD" });
      expect(again).toMatchObject(problemOf(409, "account-already-open"));
      expect(again.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    });

    test.each<[string, object, readonly string[]]>([
      ["nothing", {}, ["owner", "currency"]],
      ["an empty owner", { owner: "", currency: "EUR" }, ["owner"]],
      ["a number as owner", { owner: 5, currency: "EUR" }, ["owner"]],
      ["an id with a slash", { accountId: "a/b", owner: "A", currency: "EUR" }, ["accountId"]],
      ["an id of 129 characters", { accountId: "x".repeat(129), owner: "A", currency: "EUR" }, ["accountId"]],
      ["an empty id", { accountId: "", owner: "A", currency: "EUR" }, ["accountId"]],
      ["an id that is null", { accountId: null, owner: "A", currency: "EUR" }, ["accountId"]],
      ["a negative limit", { owner: "A", currency: "EUR", overdraftLimit: "-1" }, ["overdraftLimit"]],
      ["a limit as a number", { owner: "A", currency: "EUR", overdraftLimit: 100 }, ["overdraftLimit"]],
      [
        "several",
        { accountId: "ä", owner: "", currency: "", overdraftLimit: "x" },
        ["accountId", "owner", "currency", "overdraftLimit"],
      ],
    ])("%s is a 400 that lists every field", async (_, body, fields) => {
      const answer = await ledger.post("/accounts", body);
      expect(answer).toMatchObject(problemOf(400, "validation-failed"));
      const named: { field: string; rule: string; message: string }[] = answer.body.errors;
      expect(new Set(named.map(({ field }) => field))).toEqual(new Set(fields));
      for (const { rule, message } of named) expect([rule, message]).not.toContain("");
    });
  });

  describe("moving money", () => {
    test("adds up exactly, at the scale that was used", async () => {
      await open("exact", { overdraftLimit: null });
      for (const amount of ["0.1", "0.2"]) await ledger.post("/accounts/exact/deposits", { amount });
      const withdrawn = await ledger.post("/accounts/exact/withdrawals", {
        amount: "0.30",
        reference: "all",
      });
      expect(withdrawn).toMatchObject({ status: 201, body: { revision: "3" } });
      expect(Object.keys(withdrawn.body).sort()).toEqual(["position", "revision"]);
      expect((await ledger.getAfter(withdrawn, "/accounts/exact")).body.balance).toBe("0.00");
    });

    test("keeps 38 digits, and sums beyond them", async () => {
      await open("digits");
      const most = `${"9".repeat(28)}.${"9".repeat(10)}`;
      await ledger.post("/accounts/digits/deposits", { amount: most });
      const second = await ledger.post("/accounts/digits/deposits", { amount: most });
      expect((await ledger.getAfter(second, "/accounts/digits")).body.balance).toBe(
        `1${"9".repeat(28)}.${"9".repeat(9)}8`,
      );
      const least = `0.${"0".repeat(37)}1`;
      const third = await ledger.post("/accounts/digits/deposits", { amount: least });
      expect((await ledger.getAfter(third, "/accounts/digits")).body.balance).toBe(
        `1${"9".repeat(28)}.${"9".repeat(9)}8${"0".repeat(27)}1`,
      );
      const statement = await ledger.getAfter(third, "/accounts/digits/statement");
      expect(statement.body.items.map(({ amount }: { amount: string }) => amount)).toEqual([
        most,
        most,
        least,
      ]);
    });

    test.each([
      "9".repeat(39),
      `0.${"0".repeat(38)}1`,
      "1e3",
      "1,5",
      "",
      " 1",
      "+1",
      "NaN",
      "0",
      "-1",
      10,
      0.1,
      null,
      true,
      ["1"],
      { amount: "1" },
    ])("an amount of %j is a 400", async (amount) => {
      await ledger.post("/accounts", { accountId: "refusing", owner: "Ada", currency: "EUR" });
      for (const kind of ["deposits", "withdrawals"]) {
        const answer = await ledger.post(`/accounts/refusing/${kind}`, { amount });
        expect(answer).toMatchObject(problemOf(400, "validation-failed"));
        expect(answer.body.errors[0].field).toBe("amount");
      }
    });

    test("an amount beyond doubles in a JSON number is refused, not rounded", async () => {
      await ledger.post("/accounts", { accountId: "refusing", owner: "Ada", currency: "EUR" });
      const answer = await ledger.post(
        "/accounts/refusing/deposits",
        '{"amount":10000000000000000000000.01}',
      );
      expect(answer).toMatchObject(problemOf(400, "validation-failed"));
    });

    test("stops at the overdraft limit, and has none without it", async () => {
      await open("limited", { overdraftLimit: "10.00" });
      expect((await ledger.post("/accounts/limited/withdrawals", { amount: "10" })).status).toBe(201);
      const refused = await ledger.post("/accounts/limited/withdrawals", { amount: "0.01" });
      expect(refused).toMatchObject(problemOf(422, "insufficient-funds"));
      expect(refused.body.detail).toContain("-10");
      await open("unlimited", { overdraftLimit: null });
      expect((await ledger.post("/accounts/unlimited/withdrawals", { amount: "9".repeat(38) })).status).toBe(
        201,
      );
      await open("by-default");
      expect((await ledger.post("/accounts/by-default/withdrawals", { amount: "1" })).status).toBe(422);
    });

    test("in another currency is refused", async () => {
      await open("euros");
      const answer = await ledger.post("/accounts/euros/deposits", { amount: "1", currency: "USD" });
      expect(answer).toMatchObject(problemOf(422, "currency-mismatch"));
      expect((await ledger.post("/accounts/euros/deposits", { amount: "1", currency: "EUR" })).status).toBe(
        201,
      );
    });

    test("concurrently never takes more than there is", async () => {
      await open("rush");
      await ledger.post("/accounts/rush/deposits", { amount: "10" });
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => ledger.post("/accounts/rush/withdrawals", { amount: "1" })),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
      expect(answers.filter(({ status }) => status === 422)).toHaveLength(20);
    });
  });

  describe("an account that is absent or closed", () => {
    test.each(["deposits", "withdrawals", "close"])("absent: %s is a 404", async (action) => {
      const answer = await ledger.post(`/accounts/absent/${action}`, { amount: "1" });
      expect(answer).toMatchObject(problemOf(404, "account-not-found"));
      expect(answer.body.detail).toContain("absent");
    });

    test("absent: reading it is a 404", async () => {
      for (const path of ["/accounts/absent", "/accounts/absent/statement"]) {
        expect(await ledger.get(path)).toMatchObject(problemOf(404, "account-not-found"));
      }
    });

    test("closed: every further command is a 409, and it can still be read", async () => {
      await open("closing");
      await ledger.post("/accounts/closing/deposits", { amount: "5" });
      const closed = await ledger.post("/accounts/closing/close", {});
      expect(closed).toMatchObject({
        status: 201,
        body: { revision: "2", position: expect.stringMatching(/^\d+$/) },
      });
      for (const action of ["deposits", "withdrawals", "close"]) {
        const answer = await ledger.post(`/accounts/closing/${action}`, { amount: "1" });
        expect(answer).toMatchObject(problemOf(409, "account-closed"));
      }
      const reopened = await ledger.post("/accounts", { accountId: "closing", owner: "A", currency: "EUR" });
      expect(reopened).toMatchObject({ status: 409 });
      expect((await ledger.getAfter(closed, "/accounts/closing")).body).toMatchObject({
        status: "closed",
        balance: "5",
        revision: "2",
      });
    });

    test("closing needs no body", async () => {
      for (const [accountId, init] of [
        ["no-body", {}],
        ["empty-json", { headers: { "content-type": "application/json" } }],
      ] as const) {
        await open(accountId);
        const response = await fetch(`${ledger.url}/accounts/${accountId}/close`, {
          method: "POST",
          ...init,
        });
        expect(response.status, accountId).toBe(201);
      }
    });
  });
});

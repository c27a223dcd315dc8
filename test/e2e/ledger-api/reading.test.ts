import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStores, problemOf, startLedger, type Answer, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  let ledger: RunningLedger;
  let last: Answer;
  const ids = Array.from({ length: 23 }, (_, index) => `account-${index}`);

  beforeAll(async () => {
    ledger = await startLedger({ eventStore });
    for (const accountId of ids)
      last = await ledger.post("/accounts", { accountId, owner: "Ada", currency: "EUR" });
    for (let amount = 1; amount <= 7; amount += 1) {
      last = await ledger.post("/accounts/account-0/deposits", {
        amount: String(amount),
        reference: `no ${amount}`,
      });
    }
    last = await ledger.post("/accounts/account-0/withdrawals", { amount: "2.5" });
  });

  afterAll(() => ledger.close());

  /** Every page of a list, the last one first asked with the token of the last write. */
  async function allPages(path: string): Promise<Answer["body"][]> {
    const pages = [(await ledger.getAfter(last, path)).body];
    for (let cursor = pages[0].nextCursor; cursor !== null; cursor = pages.at(-1).nextCursor) {
      pages.push((await ledger.get(`${path}&cursor=${encodeURIComponent(cursor)}`)).body);
    }
    return pages;
  }

  describe("the list of accounts", () => {
    test.each([1, 5, 23, 24])("comes in pages of %i, each account once", async (limit) => {
      const pages = await allPages(`/accounts?limit=${limit}`);
      expect(pages).toHaveLength(Math.ceil(23 / limit));
      const found = pages.flatMap(({ items }) =>
        items.map(({ accountId }: { accountId: string }) => accountId),
      );
      expect(new Set(found)).toEqual(new Set(ids));
      expect(found).toHaveLength(23);
    });

    test("shows each account as its own route does", async () => {
      const [page] = await allPages("/accounts?limit=100");
      const listed = page.items.find(({ accountId }: { accountId: string }) => accountId === "account-0");
      expect(listed).toEqual((await ledger.get("/accounts/account-0")).body);
      expect(listed).toEqual({
        accountId: "account-0",
        owner: "Ada",
        currency: "EUR",
        balance: "25.5",
        status: "open",
        revision: "8",
      });
    });
  });

  describe("a statement", () => {
    test("tells each movement with the balance that it led to, oldest first", async () => {
      const pages = await allPages("/accounts/account-0/statement?limit=3");
      expect(pages.map(({ items }) => items.length)).toEqual([3, 3, 2]);
      const lines = pages.flatMap(({ items }) => items);
      expect(lines.map(({ amount }) => amount)).toEqual(["1", "2", "3", "4", "5", "6", "7", "2.5"]);
      expect(lines.map(({ balance }) => balance)).toEqual(["1", "3", "6", "10", "15", "21", "28", "25.5"]);
      expect(lines.at(-1)).toEqual({
        position: expect.stringMatching(/^\d+$/),
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        kind: "withdrawal",
        amount: "2.5",
        balance: "25.5",
        reference: null,
      });
      expect(lines[0]).toMatchObject({ kind: "deposit", reference: "no 1" });
      expect(lines.at(-1)?.position).toBe(last.body.position);
      expect(Math.abs(Date.now() - Date.parse(lines.at(-1)?.at))).toBeLessThan(60_000);
    });

    test("of an account without movements is empty, also behind its end", async () => {
      expect((await ledger.getAfter(last, "/accounts/account-1/statement")).body).toEqual({
        items: [],
        nextCursor: null,
      });
    });
  });

  describe("page parameters that break a rule", () => {
    test.each([
      "limit=0",
      "limit=-1",
      "limit=1001",
      "limit=1.5",
      "limit=ten",
      "limit=",
      "limit=1&limit=2",
      "limit=99999999999999999999",
      "cursor=",
      "cursor=%00",
      "cursor=x",
      "cursor=!!!!",
      `cursor=${"A".repeat(2_000)}`,
      `cursor=${Buffer.from("a b").toString("base64url")}`,
      `cursor=${Buffer.from("9".repeat(19)).toString("base64url")}x`,
      "cursor=YQ&cursor=YQ",
    ])("%s is a 400 that names it", async (query) => {
      for (const path of ["/accounts", "/accounts/account-0/statement"]) {
        const answer = await ledger.get(`${path}?${query}`);
        expect(answer, path).toMatchObject(problemOf(400, "validation-failed"));
        expect(answer.body.errors[0].field).toContain(query.split("=", 1)[0]);
      }
    });

    test("a cursor of another list is a 400, not an empty page", async () => {
      const accounts = (await ledger.get("/accounts?limit=1")).body.nextCursor;
      expect(await ledger.get(`/accounts/account-0/statement?cursor=${accounts}`)).toMatchObject(
        problemOf(400, "validation-failed"),
      );
    });
  });

  describe("what is not an account", () => {
    test.each([
      "/accounts/a%20b",
      "/accounts/%00",
      "/accounts/a%2Fb",
      `/accounts/${"x".repeat(129)}`,
      "/accounts/%E2%82%AC",
    ])("%s is a 400 that names the field", async (path) => {
      for (const read of [path, `${path}/statement`]) {
        expect(await ledger.get(read)).toMatchObject({
          status: 400,
          body: { code: "validation-failed", errors: [{ field: "path.id" }] },
        });
      }
    });

    test("unknown routes and methods are problem documents too", async () => {
      expect(await ledger.get("/nothing")).toMatchObject(problemOf(404, "route-not-found"));
      expect(await ledger.post("/trial-balance", {})).toMatchObject({ status: 404 });
      const response = await fetch(`${ledger.url}/accounts`, { method: "DELETE" });
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    });
  });

  describe("around the API", () => {
    test("health says live and ready, and the OpenAPI page describes every route", async () => {
      expect(await ledger.get("/health/live")).toMatchObject({ status: 200 });
      expect(await ledger.get("/health/ready")).toMatchObject({ status: 200, body: { status: "ready" } });
      const page = await fetch(`${ledger.url}/docs`);
      expect(page.status).toBe(200);
      expect(page.headers.get("content-type")).toMatch(/^text\/html/);
      const { paths } = (await ledger.get("/docs/json")).body;
      expect(Object.keys(paths)).toEqual(
        expect.arrayContaining([
          "/accounts",
          "/accounts/{id}",
          "/accounts/{id}/deposits",
          "/accounts/{id}/withdrawals",
          "/accounts/{id}/close",
          "/accounts/{id}/statement",
          "/journal-entries",
          "/trial-balance",
        ]),
      );
      const { post } = paths["/accounts"];
      expect(post.parameters.map(({ name }: { name: string }) => name)).toEqual(
        expect.arrayContaining(["idempotency-key"]),
      );
      const { properties } = post.requestBody.content["application/json"].schema;
      expect(Object.keys(properties).sort()).toEqual(["accountId", "currency", "overdraftLimit", "owner"]);
    });
  });
});

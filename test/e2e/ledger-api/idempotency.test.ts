import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStores, problemOf, startLedger, type Answer, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  let ledger: RunningLedger;
  let keys = 0;

  beforeAll(async () => {
    ledger = await startLedger({ eventStore });
  });

  afterAll(() => ledger.close());

  function freshKey(): Record<string, string> {
    keys += 1;
    return { "idempotency-key": `key-${keys}` };
  }

  async function openAccount(accountId: string): Promise<string> {
    await ledger.post("/accounts", { accountId, owner: "Ada", currency: "EUR" });
    return `/accounts/${accountId}`;
  }

  /** Status and body, and the headers that belong to the answer. */
  function wholeAnswer({ status, headers, body }: Answer) {
    const kept = ["content-type", "etag", "consistency-token"].map((name) => headers.get(name));
    return { status, body, kept };
  }

  describe("the same key and body", () => {
    test("give the first answer again: status, body, ETag and token", async () => {
      const path = await openAccount("again");
      const key = freshKey();
      const first = await ledger.post(`${path}/deposits`, { amount: "5", reference: "x" }, key);
      expect(first.status).toBe(201);
      await ledger.post(`${path}/deposits`, { amount: "7" });
      const again = await ledger.post(`${path}/deposits`, { reference: "x", amount: "5" }, key);
      expect(wholeAnswer(again)).toEqual(wholeAnswer(first));
      expect((await ledger.getAfter(again, path)).body.balance).toBe("12");
    });

    test("give the same id to an account and to an entry that named none", async () => {
      const postings = [
        { account: "a", amount: "1", currency: "EUR" },
        { account: "b", amount: "-1", currency: "EUR" },
      ];
      for (const [path, body, id] of [
        ["/accounts", { owner: "Ada", currency: "EUR" }, "accountId"],
        ["/journal-entries", { date: "2026-11-20", description: "", postings }, "entryId"],
      ] as const) {
        const key = freshKey();
        const first = await ledger.post(path, body, key);
        expect(first.body[id]).toMatch(/^[0-9a-f-]{36}$/);
        expect(wholeAnswer(await ledger.post(path, body, key))).toEqual(wholeAnswer(first));
        expect((await ledger.post(path, body)).body[id]).not.toBe(first.body[id]);
      }
    });

    test("give a refusal again, although it would be accepted now", async () => {
      const path = await openAccount("poor");
      const key = freshKey();
      const first = await ledger.post(`${path}/withdrawals`, { amount: "5" }, key);
      expect(first).toMatchObject(problemOf(422, "insufficient-funds"));
      await ledger.post(`${path}/deposits`, { amount: "100" });
      expect(wholeAnswer(await ledger.post(`${path}/withdrawals`, { amount: "5" }, key))).toEqual(
        wholeAnswer(first),
      );
      expect((await ledger.post(`${path}/withdrawals`, { amount: "5" })).status).toBe(201);
    });

    test.each([404, 409, 422])("give a refusal of status %i again", async (status) => {
      const key = freshKey();
      const path = await openAccount(`refused-${status}`);
      const send = () =>
        status === 404
          ? ledger.post("/accounts/nobody/deposits", { amount: "1" }, key)
          : status === 409
            ? ledger.post("/accounts", { accountId: "refused-409", owner: "Bob", currency: "EUR" }, key)
            : ledger.post(`${path}/withdrawals`, { amount: "1" }, key);
      const first = await send();
      expect(first.status).toBe(status);
      await openAccount("nobody");
      expect(wholeAnswer(await send())).toEqual(wholeAnswer(first));
    });

    test("close an account once", async () => {
      const path = await openAccount("close-once");
      const key = freshKey();
      const first = await ledger.post(`${path}/close`, {}, key);
      expect(first.status).toBe(201);
      expect(wholeAnswer(await ledger.post(`${path}/close`, {}, key))).toEqual(wholeAnswer(first));
      expect(await ledger.post(`${path}/close`, {})).toMatchObject(problemOf(409, "account-closed"));
    });

    test("come before If-Match: the repeat of a write that changed the revision is no 412", async () => {
      const path = await openAccount("if-match");
      const headers = { ...freshKey(), "if-match": '"0"' };
      const first = await ledger.post(`${path}/deposits`, { amount: "5" }, headers);
      expect(first.status).toBe(201);
      expect(wholeAnswer(await ledger.post(`${path}/deposits`, { amount: "5" }, headers))).toEqual(
        wholeAnswer(first),
      );
    });

    test("are answered by another node, and after a restart", async () => {
      const path = await openAccount("elsewhere");
      const key = freshKey();
      const first = await ledger.post(`${path}/deposits`, { amount: "5" }, key);
      const other = await startLedger({ beside: ledger, projections: "off" });
      try {
        expect(wholeAnswer(await other.post(`${path}/deposits`, { amount: "5" }, key))).toEqual(
          wholeAnswer(first),
        );
        expect(await other.post(`${path}/deposits`, { amount: "6" }, key)).toMatchObject(
          problemOf(422, "idempotency-key-reused"),
        );
      } finally {
        await other.close();
      }
    });
  });

  describe("a key for another request", () => {
    test("is a 422, whatever differs", async () => {
      const path = await openAccount("reused");
      const other = await openAccount("reused-too");
      const key = freshKey();
      await ledger.post(`${path}/deposits`, { amount: "5" }, key);
      for (const [target, body] of [
        [`${path}/deposits`, { amount: "6" }],
        [`${path}/deposits`, { amount: "5", reference: "x" }],
        [`${path}/withdrawals`, { amount: "5" }],
        [`${other}/deposits`, { amount: "5" }],
        [`${path}/close`, {}],
        ["/accounts", { owner: "Ada", currency: "EUR" }],
      ] as const) {
        expect(await ledger.post(target, body, key)).toMatchObject(problemOf(422, "idempotency-key-reused"));
      }
    });

    test("is free after a request that was not valid or not current", async () => {
      const path = await openAccount("corrected");
      const key = freshKey();
      expect((await ledger.post(`${path}/deposits`, { amount: "five" }, key)).status).toBe(400);
      expect(
        (await ledger.post(`${path}/deposits`, { amount: "5" }, { ...key, "if-match": '"7"' })).status,
      ).toBe(412);
      expect(
        (await ledger.post(`${path}/deposits`, { amount: "5" }, { ...key, "if-match": '"0"' })).status,
      ).toBe(201);
    });

    test.each(["", "x".repeat(256), "ä"])("%j is no key: 400", async (value) => {
      const path = await openAccount("bad-key");
      const answer = await ledger.post(`${path}/deposits`, { amount: "5" }, { "idempotency-key": value });
      expect(answer).toMatchObject(problemOf(400, "idempotency-key-invalid"));
    });
  });

  describe("duplicates while the first one runs", () => {
    test("join it: 20 at once are one deposit and one answer", async () => {
      const path = await openAccount("rush");
      const key = freshKey();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => ledger.post(`${path}/deposits`, { amount: "5" }, key)),
      );
      const [first] = answers;
      expect(first?.status).toBe(201);
      for (const answer of answers) expect(wholeAnswer(answer).body).toEqual(first?.body);
      if (first !== undefined) expect((await ledger.getAfter(first, path)).body.balance).toBe("5");
    });

    test("over two nodes as well, and an account without an id is opened once", async () => {
      const other = await startLedger({ beside: ledger, projections: "off" });
      try {
        const key = freshKey();
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            (index % 2 === 0 ? ledger : other).post("/accounts", { owner: "Ada", currency: "EUR" }, key),
          ),
        );
        const [first] = answers;
        expect(first?.status).toBe(201);
        for (const answer of answers) expect(answer.body).toEqual(first?.body);
      } finally {
        await other.close();
      }
    });

    test("with another body are a 422, and exactly one of both is done", async () => {
      const path = await openAccount("torn");
      const key = freshKey();
      const answers = await Promise.all(
        ["5", "6", "5", "6"].map((amount) => ledger.post(`${path}/deposits`, { amount }, key)),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 422, 422]);
      const done = answers.find(({ status }) => status === 201);
      if (done !== undefined) expect(["5", "6"]).toContain((await ledger.getAfter(done, path)).body.balance);
    });
  });

  describe("If-Match", () => {
    test("lets a write through only at the revision that it names", async () => {
      const path = "/accounts/matched";
      const opened = await ledger.post("/accounts", { accountId: "matched", owner: "Ada", currency: "EUR" });
      const stale = await ledger.post(`${path}/deposits`, { amount: "1" }, { "if-match": '"1"' });
      expect(stale).toMatchObject(problemOf(412, "stale-revision"));
      const read = await ledger.getAfter(opened, path);
      const etag = read.headers.get("etag") ?? "";
      expect((await ledger.post(`${path}/deposits`, { amount: "1" }, { "if-match": etag })).status).toBe(201);
      expect((await ledger.post(`${path}/deposits`, { amount: "1" }, { "if-match": etag })).status).toBe(412);
      expect((await ledger.post(`${path}/close`, {}, { "if-match": etag })).status).toBe(412);
      expect(
        (await ledger.post("/accounts/absent/deposits", { amount: "1" }, { "if-match": '"0"' })).status,
      ).toBe(412);
    });

    test("of many writers with the same revision lets one through", async () => {
      const path = await openAccount("contended");
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          ledger.post(`${path}/deposits`, { amount: "1" }, { "if-match": '"0"' }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(9);
    });

    test.each(["0", '"x"', '"-1"', '"1", "2"', `"${"9".repeat(30)}"`])(
      "%s is a 400 or a 412, never ignored",
      async (value) => {
        const path = await openAccount("malformed-match");
        const answer = await ledger.post(`${path}/deposits`, { amount: "1" }, { "if-match": value });
        expect([400, 412]).toContain(answer.status);
      },
    );
  });
});

import { formatConsistencyToken } from "@tidemark/framework";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStores, problemOf, startLedger, type RunningLedger } from "./running-ledger.ts";

describe.each(eventStores)("on %s", (eventStore) => {
  const reads = ["/accounts", "/accounts/one", "/accounts/one/statement", "/trial-balance"];

  /** Runs the projections; the other one has read models that nobody advances while this one is closed. */
  let projecting: RunningLedger;
  let writing: RunningLedger;

  beforeAll(async () => {
    writing = await startLedger({ eventStore, projections: "off" });
    projecting = await startLedger({ beside: writing });
    await projecting.post("/accounts", { accountId: "one", owner: "Ada", currency: "EUR" });
  });

  afterAll(async () => {
    await projecting.close();
    await writing.close();
  });

  describe("a token that is sent back", () => {
    test("shows every read the write, each time", async () => {
      for (let total = 1; total <= 20; total += 1) {
        const written = await projecting.post("/accounts/one/deposits", { amount: "1" });
        const [accounts, account, statement, balances] = await Promise.all(
          reads.map((path) => projecting.getAfter(written, `${path}?limit=1000`)),
        );
        expect(account?.body).toMatchObject({ balance: String(total), revision: written.body.revision });
        expect(accounts?.body.items).toMatchObject([{ balance: String(total) }]);
        expect(statement?.body.items.at(-1)).toMatchObject({
          balance: String(total),
          position: written.body.position,
        });
        expect(balances?.body.items).toMatchObject([{ balance: String(total) }, { balance: String(-total) }]);
      }
    });

    test("by a node that does not project itself is waited for as well", async () => {
      const written = await writing.post("/accounts/one/deposits", { amount: "1" });
      for (const path of reads) expect((await writing.getAfter(written, path)).status).toBe(200);
      expect((await writing.getAfter(written, "/accounts/one")).body.revision).toBe(written.body.revision);
    });

    test("of a write that changed no account is passed too", async () => {
      const postings = [
        { account: "a", amount: "1", currency: "EUR" },
        { account: "b", amount: "-1", currency: "EUR" },
      ];
      const written = await projecting.post("/journal-entries", {
        date: "2026-11-20",
        description: "",
        postings,
      });
      for (const path of reads) expect((await projecting.getAfter(written, path)).status).toBe(200);
    });

    test("of a replayed answer, and of a start's, are tokens like any other", async () => {
      const { storeId } = projecting.opened.application.eventStore;
      const token = formatConsistencyToken(storeId, 0n);
      for (const path of reads)
        expect((await projecting.get(path, { "consistency-token": token })).status).toBe(200);
    });
  });

  describe("a token that is not one of this store", () => {
    test("is a 400 on every read: malformed, of another store, beyond the head", async () => {
      const { eventStore } = projecting.opened.application;
      const head = await eventStore.head();
      for (const token of [
        "x",
        "v1",
        formatConsistencyToken(eventStore.storeId, 1n).slice(1),
        formatConsistencyToken("0195b1f0-7c55-7d2a-9f4e-2f1f6f6f9a01", 1n),
        formatConsistencyToken(eventStore.storeId, head + 1n),
        formatConsistencyToken(eventStore.storeId, 2n ** 62n),
        formatConsistencyToken(eventStore.storeId, 2n ** 63n),
        formatConsistencyToken(eventStore.storeId, 10n ** 19n - 1n),
        formatConsistencyToken(eventStore.storeId, 10n ** 30n),
      ]) {
        for (const path of reads) {
          const answer = await projecting.get(path, { "consistency-token": token });
          expect(answer, `${path} with ${token}`).toMatchObject(problemOf(400, "consistency-token-invalid"));
        }
      }
    });
  });

  describe("while nobody projects", () => {
    test("a read with a token waits as long as it is told, then says 503 and when to come back", async () => {
      await projecting.close();
      const written = await writing.post("/accounts/one/deposits", { amount: "1" });
      const token = { "consistency-token": written.headers.get("consistency-token") ?? "" };

      for (const path of reads) {
        const started = performance.now();
        const answer = await writing.get(path, { ...token, prefer: "wait=0" });
        expect(answer, path).toMatchObject(problemOf(503, "projection-behind"));
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
        expect(performance.now() - started).toBeLessThan(1_000);
      }
      const started = performance.now();
      expect((await writing.get("/accounts/one", { ...token, prefer: "respond-async, wait=1" })).status).toBe(
        503,
      );
      expect(performance.now() - started).toBeGreaterThanOrEqual(950);
      expect((await writing.get("/accounts/one")).status).toBe(200);

      const waiting = writing.get("/accounts/one", { ...token, prefer: "wait=30" });
      projecting = await startLedger({ beside: writing });
      expect((await waiting).body.revision).toBe(written.body.revision);
    });

    test.each(["wait=x", "wait=-1", "wait=1.5", "wait="])("Prefer: %s is a 400", async (prefer) => {
      expect(await writing.get("/accounts/one", { prefer })).toMatchObject(
        problemOf(400, "validation-failed"),
      );
    });

    test.each(["respond-async", "handling=lenient, wait=1", "", "return=minimal; foo"])(
      "Prefer: %j is no reason to refuse",
      async (prefer) => {
        expect((await writing.get("/accounts/one", { prefer })).status).toBe(200);
      },
    );
  });
});

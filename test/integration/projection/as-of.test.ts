import { bigint, defineFoldProjection, defineTable, text } from "@tidemark/framework";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountsFold, Bank, bankHistory, expectedAccounts, Moved } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let bank: Bank;
beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterAll(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

const accounts = accountsFold(1);
/** A key of two columns. */
const pairs = defineFoldProjection({
  name: "pairs",
  version: 1,
  events: [Moved],
  table: defineTable(
    "pairs",
    { from_id: text(), to_id: text(), cents: bigint() },
    { primaryKey: ["from_id", "to_id"] },
  ),
  keys: ({ aggregateId, data }) => ({ from_id: aggregateId, to_id: data.to }),
  fold: { Moved: (row, { data }, key) => ({ ...key, cents: (row?.cents ?? 0n) + data.cents }) },
});

describe("a row as of a position", () => {
  test("is the row that a read model of that time had, whether one is built or not", async () => {
    const history = bankHistory(300, { accounts: 10 });
    const head = await bank.append(history);
    const supervisor = bank.supervisor([accounts, pairs]);
    for (const length of [0, 1, 30, 150, 299, 300]) {
      // One event a position, from 1 on.
      const expected = new Map(
        expectedAccounts(history.slice(0, length)).map((row) => [row.account_id, row]),
      );
      for (const key of ["a0", "a4", "a9", "nobody"]) {
        const row = await supervisor.asOf(accounts, key, BigInt(length));
        expect(row).toEqual(expected.get(key) ?? null);
      }
    }
    expect(head).toBe(300n);
    const moves = history.flatMap(({ account, event }) =>
      event.type === "Moved" ? [{ account, data: event.data as { cents: bigint; to: string } }] : [],
    );
    const [first] = moves;
    if (first === undefined) throw new Error("nothing was moved");
    const key = { from_id: first.account, to_id: first.data.to };
    const sum = moves
      .filter(({ account, data }) => account === key.from_id && data.to === key.to_id)
      .reduce((total, { data }) => total + data.cents, 0n);
    expect(await supervisor.asOf(pairs, key, head)).toEqual({ ...key, cents: sum });
  });

  test("is refused beyond the end of the log and for what the application does not define", async () => {
    const supervisor = bank.supervisor([accounts]);
    await expect(supervisor.asOf(accounts, "a1", 10_000n)).rejects.toMatchObject({
      code: "validation-failed",
      errors: [{ field: "position" }],
    });
    await expect(supervisor.asOf(accountsFold(2), "a1", 1n)).rejects.toMatchObject({
      code: "projection-unknown",
    });
  });
});

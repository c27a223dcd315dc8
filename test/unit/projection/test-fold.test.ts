import { defineFoldProjection, defineTable, integer, TidemarkError } from "@tidemark/framework";
import { testFold } from "@tidemark/framework/testing";
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import {
  accountsFold,
  bankHistory,
  Closed,
  expectedAccounts,
  Moved,
  Noted,
  Opened,
} from "../../support/bank.ts";

const fold = accountsFold(1);

describe("testFold", () => {
  test("answers the rows after the events", () => {
    const opened = testFold(fold).given("account-a", Opened({ owner: "Ada" }), Noted({ text: "skipped" }));
    expect(opened.rows()).toEqual([{ account_id: "a", owner: "Ada", cents: 0n, moves: 0 }]);
    const moved = opened.given("account-a", Moved({ cents: 5n, to: "b" }));
    expect(moved.rows()).toEqual([
      { account_id: "a", owner: "Ada", cents: -5n, moves: 1 },
      { account_id: "b", owner: "", cents: 5n, moves: 1 },
    ]);
    expect(moved.given("account-a", Closed({})).rows()).toHaveLength(1);
    expect(opened.rows()).toHaveLength(1);
  });

  test("folds an event once for a key that it names twice", () => {
    const rows = testFold(fold)
      .given("account-a", Moved({ cents: 5n, to: "a" }))
      .rows();
    expect(rows).toEqual([{ account_id: "a", owner: "", cents: 0n, moves: 1 }]);
  });

  test("agrees with an independent computation on any history", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        (count, accounts, seed) => {
          const history = bankHistory(count, { accounts, seed });
          let given = testFold(fold);
          for (const { account, event } of history) given = given.given(`account-${account}`, event);
          const rows = given.rows().toSorted((a, b) => (a.account_id < b.account_id ? -1 : 1));
          expect(rows).toEqual(expectedAccounts(history));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("a fold projection", () => {
  const table = defineTable("t", { id: integer(), n: integer() }, { primaryKey: ["id"] });

  test("has the key's value in the key's column, whatever the fold returns", () => {
    const projection = defineFoldProjection({
      name: "t",
      version: 1,
      events: [Closed],
      table,
      keys: () => 7,
      fold: { Closed: () => ({ id: 8, n: 1 }) },
    });
    expect(testFold(projection).given("account-a", Closed({})).rows()).toEqual([{ id: 7, n: 1 }]);
  });

  test.each<[string, { name?: string; version?: number; fold?: object }, RegExp]>([
    ["a name with capitals", { name: "Things" }, /lower-case/],
    ["a version of nought", { version: 0 }, /version/],
    ["a missing function", { fold: {} }, /no function for Closed/],
    ["an unknown function", { fold: { Closed: () => null, Opened: () => null } }, /belongs to none/],
  ])("with %s is refused", (_, change, message) => {
    // What the types forbid, JavaScript can still write.
    const definition = {
      name: "t",
      version: 1,
      events: [Closed],
      table,
      keys: () => 7,
      fold: { Closed: () => null },
    };
    const define = () => defineFoldProjection({ ...definition, ...change } as typeof definition);
    expect(define).toThrow(TidemarkError);
    expect(define).toThrow(message);
  });

  test("on a table with an odd name, or a key that is no column, is refused", () => {
    expect(() => defineTable("Odd", { id: integer() }, { primaryKey: ["id"] })).toThrow(/lower_case/);
    const key = "none" as "id";
    expect(() => defineTable("t", { id: integer() }, { primaryKey: [key] })).toThrow(/no column none/);
  });
});

import {
  defineFoldProjection,
  defineTable,
  integer,
  readModel,
  text,
  uuid,
  type AnyProjection,
} from "@tidemark/framework";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank, bankHistory, Moved, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let bank: Bank;
beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  bank = await Bank.open(database.connectionString);
});
afterEach(async () => {
  await bank[Symbol.asyncDispose]();
  await database.drop();
});

function owners(
  version: number,
  table = defineTable("owners", { id: text(), n: integer() }, { primaryKey: ["id"] }),
): AnyProjection {
  return defineFoldProjection({
    name: "owners",
    version,
    events: [Opened],
    table,
    keys: (event) => event.aggregateId,
    fold: { Opened: (row, _, id) => ({ id, n: (row?.n ?? 0) + 1 }) },
  });
}

describe("a definition that changed without a new version", () => {
  test.each<[string, AnyProjection, string]>([
    [
      "a column",
      defineFoldProjection({
        name: "owners",
        version: 1,
        events: [Opened],
        table: defineTable("owners", { id: text(), n: integer(), more: text() }, { primaryKey: ["id"] }),
        keys: (event) => event.aggregateId,
        fold: { Opened: () => null },
      }),
      "table.columns.more",
    ],
    [
      "a column's type",
      defineFoldProjection({
        name: "owners",
        version: 1,
        events: [Opened],
        table: defineTable("owners", { id: uuid(), n: integer() }, { primaryKey: ["id"] }),
        keys: (event) => event.aggregateId,
        fold: { Opened: () => null },
      }),
      "table.columns.id",
    ],
    [
      "an event",
      defineFoldProjection({
        name: "owners",
        version: 1,
        events: [Opened, Moved],
        table: defineTable("owners", { id: text(), n: integer() }, { primaryKey: ["id"] }),
        keys: (event) => event.aggregateId,
        fold: { Opened: () => null, Moved: () => null },
      }),
      "events.bank.Moved",
    ],
    [
      "the form",
      readModel<object>().defineProjection({
        name: "owners",
        version: 1,
        events: [Opened],
        migrations: [],
        project: { Opened: async () => {} },
      }),
      "form",
    ],
    [
      "an index",
      owners(
        1,
        defineTable("owners", { id: text(), n: integer() }, { primaryKey: ["id"], indexes: [["n"]] }),
      ),
      "table.indexes",
    ],
  ])("(%s) fails the start and names the field", async (_, changed, field) => {
    await bank.supervisor([owners(1)]).start();
    const error: unknown = await bank
      .supervisor([changed])
      .start()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "projection-changed",
      errors: expect.arrayContaining([expect.objectContaining({ field })]),
    });
    expect(String(error)).toContain("Give it version 2");
  });
});

describe("an older version that is deployed again", () => {
  test("catches up from its own checkpoint before it serves", async () => {
    await bank.append(bankHistory(200));
    const before = bank.supervisor([owners(1)]);
    await before.start();
    await before.whenReady();
    await before.close();
    const newer = bank.supervisor([owners(2)]);
    await newer.start();
    await newer.whenReady();
    const [frozen] = (await newer.status())[0]?.builds.filter(({ build }) => build.version === 1) ?? [];
    await bank.append(bankHistory(200, { seed: 2 }));

    const back = bank.supervisor([owners(1)]);
    await back.start();
    await back.whenReady();
    const own = await back.query(owners(1));
    expect(own).toMatchObject({ version: 1, state: "current" });
    const [, caughtUp] = (await back.status())[0]?.builds ?? [];
    expect(caughtUp?.build.id).toBe(frozen?.build.id);
    expect(caughtUp?.lag).toBe(0n);
    // Nothing was built anew for it.
    expect((await back.status())[0]?.builds.map(({ build }) => [build.version, build.status])).toEqual([
      [2, "active"],
      [1, "retired"],
    ]);
  });
});

describe("a query", () => {
  test("for a projection or version that the application does not have is refused", async () => {
    const supervisor = bank.supervisor([owners(1)]);
    await expect(supervisor.query(owners(2))).rejects.toMatchObject({ code: "projection-unknown" });
    await expect(supervisor.rebuild("nothing")).rejects.toMatchObject({ code: "projection-unknown" });
  });

  test("after the close is refused, and so is one that waits for it", async () => {
    const supervisor = bank.supervisor([owners(1)]);
    await supervisor.start();
    await supervisor.whenReady();
    await supervisor.close();
    await expect(supervisor.query(owners(1))).rejects.toMatchObject({ code: "application-closed" });
  });
});

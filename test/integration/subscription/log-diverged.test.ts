import { createPool } from "@tidemark/schema-registry/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bank } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { opened, ownersByFold } from "../../support/owners.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

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

async function owners(schema: string): Promise<readonly string[]> {
  const pool = createPool({ connectionString: database.connectionString, max: 1 });
  try {
    const { rows } = await pool.query<{ owner: string }>(`select owner from ${schema}.owners order by 1`);
    return rows.map(({ owner }) => owner);
  } finally {
    await pool.end();
  }
}

describe("a checkpoint of another log", () => {
  test.each([
    ["store_id = '00000000-0000-4000-8000-000000000000'", "was made by event store"],
    ["event_id = '00000000-0000-4000-8000-000000000000'", "names event"],
    ["position = 99", "the log has no such position"],
  ])("(%s) stops the subscription and says which rebuild heals it", async (change, reason) => {
    await bank.append([opened("a", "1"), opened("b", "2")]);
    const first = bank.supervisor([ownersByFold]);
    await first.start();
    await first.whenReady();
    await first.close();
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    await pool.query(`update tidemark.checkpoints set ${change}`);
    await pool.end();

    const errors: unknown[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
    const supervisor = bank.supervisor([ownersByFold], { logger });
    await supervisor.start();
    await waitFor(() => errors.length > 0);
    expect(errors).toEqual([
      { err: expect.objectContaining({ code: "log-diverged" }), subscription: "projection:owners:v1:b1" },
    ]);
    expect(String(Object(errors[0]).err)).toMatch(reason);
    await bank.append([opened("c", "3")]);
    expect(await owners("tidemark_owners_v1_b1")).toEqual(["1", "2"]);
    await supervisor.rebuild("owners");
    const { db } = await supervisor.query(ownersByFold);
    expect(await db.selectFrom("owners").select("owner").orderBy("owner").execute()).toEqual([
      { owner: "1" },
      { owner: "2" },
      { owner: "3" },
    ]);
  });
});

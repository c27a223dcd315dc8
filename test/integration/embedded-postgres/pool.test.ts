import { createPool, quoteIdentifier } from "@tidemark/schema-registry/postgres";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString, applicationName: "pool-test" });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe("createPool", () => {
  test("reads numbers and dates without loss, in arrays too", async () => {
    const { rows } = await pool.query(
      `select 9223372036854775807::int8 as big, array[1, null, -9223372036854775808]::int8[] as bigs,
         array[[1], [2]]::int8[] as nested, 12345678901234567890.10::numeric as exact,
         array[1.10, null]::numeric[] as exacts, '2026-11-20'::date as day, array['2026-11-20'::date] as days,
         count(*) as counted from generate_series(1, 3)`,
    );
    expect(rows).toEqual([
      {
        big: 9223372036854775807n,
        bigs: [1n, null, -9223372036854775808n],
        nested: [[1n], [2n]],
        exact: "12345678901234567890.10",
        exacts: ["1.10", null],
        day: "2026-11-20",
        days: ["2026-11-20"],
        counted: 3n,
      },
    ]);
  });

  test("leaves the parsers of other pools alone", async () => {
    const other = new pg.Client({ connectionString: database.connectionString });
    await other.connect();
    const { rows } = await other.query("select 1::int8 as big");
    await other.end();
    expect(rows).toEqual([{ big: "1" }]);
  });

  test("replaces an idle connection that the server ends, and says so", async () => {
    const warnings: string[] = [];
    const quiet = () => undefined;
    const logger = {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (_: object, text: string) => warnings.push(text),
    };
    const fragile = createPool({ connectionString: database.connectionString, max: 1, logger });
    const { rows } = await fragile.query<{ pid: number }>("select pg_backend_pid() as pid");
    await pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    await waitFor(() => warnings.length > 0);
    expect(warnings).toEqual(["An idle database connection broke; the pool replaces it"]);
    expect((await fragile.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await fragile.end();
  });

  test("gives up waiting for a connection after the given time", async () => {
    const small = createPool({
      connectionString: database.connectionString,
      max: 1,
      connectionTimeoutMs: 50,
    });
    const held = await small.connect();
    await expect(small.query("select 1")).rejects.toThrow(/timeout/);
    held.release();
    await small.end();
  });
});

describe("quoteIdentifier", () => {
  test("whatever the name is, PostgreSQL reads it back unchanged", async () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((text) => Buffer.byteLength(text) <= 63 && !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(name, async (column) => {
        const { fields } = await pool.query(`select 1 as ${quoteIdentifier(column)}`);
        expect(fields.map((field) => field.name)).toEqual([column]);
      }),
      { numRuns: 50 },
    );
  });

  test.each(["", "a\0b", "x".repeat(64), "é".repeat(32)])("refuses %j", (name) => {
    expect(() => quoteIdentifier(name)).toThrow(/is no SQL identifier: use 1 to 63 bytes without NUL/);
  });
});

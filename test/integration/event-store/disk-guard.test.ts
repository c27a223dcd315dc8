import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createPool } from "@tidemark/schema-registry/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventStoreTemplate, openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
});
afterAll(() => database.drop());

describe("the disk guard", () => {
  test("refuses appends below the set free space, lets reads go on, and resumes by itself", async () => {
    let free = 2_000n;
    let looks = 0;
    await using store = await openStore({
      connectionString: database.connectionString,
      wakeup: "poll",
      diskGuard: {
        minFreeBytes: 1_000,
        freeBytes: async () => {
          looks += 1;
          if (free < 0n) throw new Error("no answer");
          return free;
        },
        intervalMs: 10,
      },
    });
    const append = () => store.append("guarded-1", sampleEvents(1));
    const outcome = () =>
      append().then(
        ({ status }) => status,
        ({ code }: { code: string }) => code,
      );
    expect(await outcome()).toBe("appended");
    free = 999n;
    await expect.poll(outcome).toBe("log-full");
    await expect(append()).rejects.toMatchObject({ code: "log-full", status: 503, retryable: true });
    let events = 0;
    for await (const _event of store.readStream("guarded-1")) events += 1;
    expect(events).toBeGreaterThan(0);
    expect(await store.head()).toBeGreaterThan(0n);
    // What cannot be measured does not change the answer.
    free = -1n;
    const before = looks;
    await expect.poll(() => looks).toBeGreaterThan(before + 2);
    expect(await outcome()).toBe("log-full");
    free = 1_000n;
    await expect.poll(outcome).toBe("appended");
  });

  test("reads the free space of a folder, from the start on", async () => {
    const { bavail, bsize } = await statfs(tmpdir(), { bigint: true });
    const guarded = (minFreeBytes: bigint) =>
      openStore({
        connectionString: database.connectionString,
        wakeup: "poll",
        diskGuard: { minFreeBytes, freeBytes: tmpdir() },
      });
    await using full = await guarded(bavail * bsize * 10n);
    await expect(full.append("folder-1", sampleEvents(1))).rejects.toMatchObject({ code: "log-full" });
    await using roomy = await guarded(1n);
    expect(await roomy.append("folder-1", sampleEvents(1))).toMatchObject({ status: "appended" });
  });

  test("PostgreSQL's own full disk is the same error, nothing written, no neighbour asked again", async () => {
    await using store = await openStore({ connectionString: database.connectionString, wakeup: "poll" });
    await store.append("full-1", sampleEvents(1));
    const pool = createPool({ connectionString: database.connectionString, max: 1 });
    await pool.query(`
      create function tidemark.fill() returns trigger language plpgsql as
        $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$;
      create trigger fill before insert on tidemark.events for each row execute function tidemark.fill()`);
    const appends = Array.from({ length: 5 }, (_, n) => store.append(`full-${n}`, sampleEvents(1)));
    for (const result of await Promise.allSettled(appends))
      expect(result).toMatchObject({ status: "rejected", reason: { code: "log-full" } });
    await pool.query("drop function tidemark.fill() cascade");
    await pool.end();
    expect(await store.append("full-1", sampleEvents(1), { expectedRevision: 0n })).toMatchObject({
      status: "appended",
    });
  });
});

import { createPool } from "@tidemark/schema-registry/postgres";
import { expect, test } from "vitest";
import { openStore } from "../../support/event-store-template.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { createTestDatabase } from "../../support/test-database.ts";

async function run(connectionString: string, statement: string): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  await pool.query(statement);
  await pool.end();
}

const endSessions = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()`;

test.each(["listen", "poll"] as const)(
  "a store refuses to go on when another one has taken its place, and goes on when its own is back (%s)",
  async (wakeup) => {
    const { connectionString, drop } = await createTestDatabase();
    const store = await openStore({ connectionString, wakeup, pollIntervalMs: 50 });
    await store.append("account-1", sampleEvents(1));
    const pages = store.subscribe();
    expect((await pages.next()).value?.scannedTo).toBe(1n);
    const next = expect(pages.next()).rejects.toMatchObject({ code: "log-diverged" });

    await run(connectionString, `alter schema tidemark rename to mine; ${endSessions}`);
    await openStore({ connectionString, wakeup: "poll" }).then((other) => other.close());
    await run(connectionString, endSessions);
    await next;
    const refused = { code: "log-diverged", retryable: false };
    await expect.poll(() => store.head().catch((error: unknown) => error)).toMatchObject(refused);
    const appending = () => store.append("account-1", sampleEvents(1)).catch((error: unknown) => error);
    await expect.poll(appending).toMatchObject(refused);
    const many = Array.from({ length: 20 }, () => appending());
    for (const outcome of await Promise.all(many)) expect(outcome).toMatchObject(refused);

    await run(connectionString, `alter schema tidemark rename to theirs; ${endSessions}`);
    await expect.poll(() => store.head().catch((error: unknown) => error)).toMatchObject(refused);
    await run(connectionString, `alter schema mine rename to tidemark; ${endSessions}`);
    expect(await store.head()).toBe(1n);
    expect(await store.append("account-1", sampleEvents(1))).toMatchObject({
      status: "appended",
      position: 2n,
    });
    await store.close();
    await drop();
  },
);

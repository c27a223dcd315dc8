import { randomBytes } from "node:crypto";
import { createPool } from "@tidemark/schema-registry/postgres";
import type { Pool } from "pg";
import { inject } from "vitest";
import "./test-run.ts";
import { waitFor } from "./wait-for.ts";

/**
 * A database that is filled once a run and then cloned: give each content a name of its own, made of small letters,
 * digits and underscores.
 *
 * @example
 * export const registryTemplate: DatabaseTemplate = {
 *   name: "registry",
 *   create: async (connectionString) => {
 *     await migrate({ connectionString, schema: "registry", directory });
 *   },
 * };
 */
export interface DatabaseTemplate {
  name: string;
  /** Fills the empty database; it must close its connections. */
  create(connectionString: string): Promise<void>;
}

export interface TestDatabase {
  connectionString: string;
  name: string;
  /** Deletes the database; fails when the test left a connection to it open, and says whose. */
  drop: () => Promise<void>;
}

/** A database of one's own for a test file, empty or a clone of the template; takes about 0.1 s. */
export async function createTestDatabase(
  options: { template?: DatabaseTemplate } = {},
): Promise<TestDatabase> {
  const run = inject("testRun");
  const name = `tidemark_test_${run.id}_${randomBytes(6).toString("hex")}`;
  await withAdminPool(async (admin) => {
    const source =
      options.template === undefined ? "template0" : await ensureTemplate(admin, options.template);
    await admin.query(`create database "${name}" template "${source}"`);
  });
  return { name, connectionString: urlOf(name), drop: () => dropDatabase(name) };
}

async function ensureTemplate(admin: Pool, template: DatabaseTemplate): Promise<string> {
  const name = `tidemark_test_${inject("testRun").id}_template_${template.name}`;
  const client = await admin.connect();
  try {
    // Other test files may want the same template at this moment. The lock ends with this connection.
    await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount === 0) {
      const draft = `${name}_draft`;
      await client.query(`drop database if exists "${draft}" with (force)`);
      await client.query(`create database "${draft}" template template0`);
      await template.create(urlOf(draft));
      await client.query(`alter database "${draft}" with allow_connections false`);
      await client.query(`alter database "${draft}" rename to "${name}"`);
    }
    return name;
  } finally {
    client.release(true);
  }
}

async function dropDatabase(name: string): Promise<void> {
  const leftOpen = await withAdminPool(async (admin) => {
    const sessions = async () => {
      const { rows } = await admin.query<{ application_name: string; query: string }>(
        "select application_name, query from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
        [name],
      );
      return rows;
    };
    await waitFor(async () => (await sessions()).length === 0, { timeoutMs: 2_000 }).catch(() => undefined);
    const remaining = await sessions();
    await admin.query(`drop database if exists "${name}" with (force)`);
    return remaining;
  });
  if (leftOpen.length === 0) return;
  const list = leftOpen.map((session) => `${session.application_name || "unnamed"}: ${session.query}`);
  throw new Error(
    `the test left ${leftOpen.length} connections to its database open, last statements:\n${list.join("\n")}`,
  );
}

async function withAdminPool<T>(action: (admin: Pool) => Promise<T>): Promise<T> {
  const { connectionString } = inject("testRun");
  const admin = createPool({ connectionString, max: 1, applicationName: "test-database" });
  try {
    return await action(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(inject("testRun").connectionString);
  url.pathname = `/${database}`;
  return url.href;
}

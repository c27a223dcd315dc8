import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { Build } from "../../projection/build.ts";

interface Framework {
  readonly schema: string;
  readonly channel: string;
}

/** Inside a transaction: takes a retired build that nobody works on out of service, if it still is in it. */
export async function withdrawBuild(
  client: pg.PoolClient,
  framework: Framework,
  build: Build,
): Promise<{ readonly found: boolean; readonly served: boolean }> {
  const retired = await client.query(
    `select from ${framework.schema}.projection_builds b
     where b.id = $1 and b.status = 'retired' and not exists (
       select from ${framework.schema}.leases l
       where l.subscription = b.subscription and l.expires_at > clock_timestamp())
     for update`,
    [build.id],
  );
  if (retired.rowCount !== 1) return { found: false, served: false };
  const pointers = await client.query(
    `delete from ${framework.schema}.projection_pointers where build_id = $1`,
    [build.id],
  );
  await client.query("select pg_notify($1, 'builds')", [framework.channel]);
  return { found: true, served: pointers.rowCount !== 0 };
}

/**
 * Inside a transaction: ends a build for good. Without its checkpoint no projector can commit. Its tables are dropped
 * by {@link dropTables} in a transaction of their own: a commit that is under way holds the tables and waits for the
 * checkpoint, so doing both at once would deadlock.
 */
export async function endBuild(
  client: pg.PoolClient,
  framework: Framework,
  build: Build,
  { from, to }: { readonly from: "building" | "retired" | "scratch"; readonly to: "cancelled" | "dropped" },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ${framework.schema}.projection_builds
     set status = $3, finished_at = coalesce(finished_at, clock_timestamp())
     where id = $1 and status = $2 and (status <> 'building' or finished_at is null)`,
    [build.id, from, to],
  );
  if (rowCount !== 1) return false;
  // First, as in the statement that takes a lease: in the other order the two would wait for each other.
  await client.query(`delete from ${framework.schema}.leases where subscription = $1`, [build.subscription]);
  await client.query(`delete from ${framework.schema}.checkpoints where subscription = $1`, [
    build.subscription,
  ]);
  await client.query("select pg_notify($1, 'builds')", [framework.channel]);
  return true;
}

/** A build that was to serve again stays retired instead, as it was; false when it is none. */
export async function keepRetired(
  client: pg.PoolClient,
  framework: Framework,
  build: Build,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ${framework.schema}.projection_builds set status = 'retired'
     where id = $1 and status = 'building' and finished_at is not null`,
    [build.id],
  );
  await client.query("select pg_notify($1, 'builds')", [framework.channel]);
  return rowCount === 1;
}

/** Inside a transaction: drops what builds of this projection left behind that have ended, whoever ended them. */
export async function dropTables(
  client: pg.PoolClient,
  framework: Framework,
  projection: string,
): Promise<void> {
  // Queries that still run are waited for only shortly, so that others never queue behind this for long.
  await client.query("set local lock_timeout = '2s'");
  const { rows } = await client.query<{ name: string }>(
    `select schema_name as name from ${framework.schema}.projection_builds
     where projection = $1 and status in ('cancelled', 'dropped')
       and exists (select from pg_namespace where nspname = schema_name)`,
    [projection],
  );
  for (const { name } of rows) await client.query(`drop schema if exists ${quoteIdentifier(name)} cascade`);
}

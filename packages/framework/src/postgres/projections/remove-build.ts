import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { Build } from "../../projection/build.ts";

interface Framework {
  readonly schema: string;
  readonly channel: string;
}

/** Inside a transaction: ends a build that does not serve yet. Its checkpoint goes, so its projector cannot commit. */
export async function cancelBuild(
  client: pg.PoolClient,
  framework: Framework,
  build: Build,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ${framework.schema}.projection_builds set status = 'cancelled', finished_at = clock_timestamp()
     where id = $1 and status = 'building'`,
    [build.id],
  );
  if (rowCount !== 1) return false;
  await removeTables(client, framework, build, "cancelled");
  return true;
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

/** Inside a transaction: the tables, the checkpoint and the lease. Waits only shortly for queries that still run. */
export async function removeTables(
  client: pg.PoolClient,
  framework: Framework,
  build: Build,
  status: "cancelled" | "dropped",
): Promise<void> {
  await client.query("set local lock_timeout = '2s'");
  await client.query(`update ${framework.schema}.projection_builds set status = $2 where id = $1`, [
    build.id,
    status,
  ]);
  await client.query(`delete from ${framework.schema}.checkpoints where subscription = $1`, [
    build.subscription,
  ]);
  await client.query(`drop schema if exists ${quoteIdentifier(build.schema)} cascade`);
  await client.query("select pg_notify($1, 'builds')", [framework.channel]);
}

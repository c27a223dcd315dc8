import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import { sql, type Kysely, type Transaction } from "kysely";
import type { AnyProjection } from "../../projection/any-projection.ts";
import type { Build, BuildSettings } from "../../projection/build.ts";
import type { Fingerprint } from "../../projection/fingerprint.ts";
import { equalPartitions, type Partition } from "../../subscription/partition.ts";
import { buildColumns, toBuild, type BuildRow } from "./build-rows.ts";
import { storedRate } from "./settle-build.ts";
import { createTableStatement } from "./build-tables.ts";

/** One transaction: the build's row, its schema and tables, and its checkpoint at the beginning of the log. */
export async function createBuild(
  db: Kysely<unknown>,
  framework: { readonly schema: string; readonly channel: string },
  projection: AnyProjection,
  options: {
    readonly fingerprint: Fingerprint;
    readonly target: bigint;
    readonly anew: boolean;
    readonly settings?: BuildSettings;
  },
): Promise<{ readonly build: Build; readonly created: boolean }> {
  const { anew } = options;
  const { name, version } = projection;
  const schema = sql.raw(quoteIdentifier(framework.schema));
  return db.transaction().execute(async (tx) => {
    // Two processes that start a build at once: the second finds the first one's.
    await sql`select pg_advisory_xact_lock(
      hashtextextended(${buildLock(quoteIdentifier(framework.schema), projection)}, 0))`.execute(tx);
    const { rows: existing } = await sql<BuildRow>`
      select ${sql.raw(buildColumns)}, p.build_id is not null as serving from ${schema}.projection_builds b
      left join ${schema}.projection_pointers p on p.build_id = b.id
      where b.projection = ${name} and b.version = ${version}
        and (b.status = 'building' or (p.build_id is not null and not ${anew}::boolean))`.execute(tx);
    if (existing[0] !== undefined) return { build: toBuild(existing[0]), created: false };
    const build = await insertBuild(tx, framework.schema, projection, {
      ...options,
      status: "building",
      partitions: equalPartitions(projection.partitions),
    });
    await sql`select pg_notify(${framework.channel}, 'builds')`.execute(tx);
    return { build, created: true };
  });
}

/** Whoever begins a build of this version, or brings one back, takes this advisory lock first; the schema is quoted. */
export function buildLock(
  schema: string,
  { name, version }: { readonly name: string; readonly version: number },
): string {
  return `tidemark build ${schema} ${name} ${version}`;
}

/** Inside a transaction: the row, schema, tables and checkpoints of a build. */
export async function insertBuild(
  tx: Transaction<unknown>,
  frameworkSchema: string,
  projection: AnyProjection,
  options: {
    readonly status: "building" | "scratch";
    readonly fingerprint: Fingerprint;
    readonly target: bigint;
    readonly partitions: readonly Partition[];
    readonly settings?: BuildSettings;
  },
): Promise<Build> {
  const { name, version } = projection;
  const { status, fingerprint, target, partitions, settings = {} } = options;
  const schema = sql.raw(quoteIdentifier(frameworkSchema));
  const { rows } = await sql<BuildRow>`
    insert into ${schema}.projection_builds as b (projection, version, number, schema_name, subscription, status,
      fingerprint, target, activate_with_parked, rate_limit)
    select ${name}::text, ${version}::smallint, n.number,
      ${`${frameworkSchema}_${name.replaceAll("-", "_")}_v${version}_b`}::text || n.number,
      ${`projection:${name}:v${version}:b`}::text || n.number,
      ${status}::text, ${JSON.stringify(fingerprint)}::jsonb, ${target}::bigint,
      ${settings.activateWithParked ?? false}::boolean, ${storedRate(settings.rateLimit)}::real
    from (
      select coalesce(max(number), 0) + 1 as number from ${schema}.projection_builds
      where projection = ${name} and version = ${version}
    ) n
    returning ${sql.raw(buildColumns)}, false as serving`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error("an insert returned no row");
  const build = toBuild(row);
  for (const { number, from, to } of partitions) {
    await sql`insert into ${schema}.checkpoints (subscription, partition, first_hash, last_hash)
      values (${build.subscription}, ${number}, ${from}, ${to})`.execute(tx);
  }
  await createTables(tx, build, projection);
  return build;
}

async function createTables(
  tx: Transaction<unknown>,
  build: Build,
  projection: AnyProjection,
): Promise<void> {
  await sql`create schema ${sql.raw(quoteIdentifier(build.schema))}`.execute(tx);
  if (projection.form === "fold") {
    await sql.raw(createTableStatement(build.schema, projection.table)).execute(tx);
    return;
  }
  await useSchema(tx, build.schema);
  const bound = tx.withSchema(build.schema);
  for (const migration of projection.migrations) await migration.up(bound);
}

/** Lets plain SQL of the user's code find the build's tables too, until the transaction ends. */
export async function useSchema(tx: Transaction<unknown>, schema: string): Promise<void> {
  await sql`select set_config('search_path', ${`${quoteIdentifier(schema)}, public`}, true)`.execute(tx);
}

import type pg from "pg";
import type { Build } from "../../projection/build.ts";
import type { Table } from "../../projection/define-table.ts";
import { addPrimaryKeyStatement, tableName } from "./build-tables.ts";
import type { ProjectionConnections } from "./projection-connections.ts";

/** Schemas of builds whose table is known to have its key: it never goes away again. */
const keyed = new WeakMap<ProjectionConnections, Set<string>>();

/**
 * Makes sure that a build's table has its primary key, without which its rows can neither be found nor be written
 * again. A build begins without: its first rows come by COPY, and a key is made more cheaply when they are there.
 */
export async function ensurePrimaryKey(
  connections: ProjectionConnections,
  build: Build,
  table: Table,
): Promise<void> {
  if (isKnown(connections, build)) return;
  const { project } = connections;
  const [row] = await connections.run<{ keyed: boolean }>(project, keyedStatement(build, table));
  if (row?.keyed !== true) {
    await connections.transaction(project, (client) => addPrimaryKey(connections, client, build, table));
  }
  remember(connections, build);
}

/**
 * Adds the key unless it is there, in the transaction of `client`. One transaction at a time gets here: two that had
 * written rows already would wait for each other.
 */
export async function addPrimaryKey(
  connections: ProjectionConnections,
  client: pg.PoolClient,
  build: Build,
  table: Table,
  writeRows: () => Promise<void> = async () => {},
): Promise<void> {
  await connections.run(client, {
    text: "select pg_advisory_xact_lock(hashtextextended($1, 0))",
    values: [`tidemark key ${build.schema}`],
  });
  await writeRows();
  const [row] = await connections.run<{ keyed: boolean }>(client, keyedStatement(build, table));
  if (row?.keyed === true) return;
  await connections.run(client, { text: addPrimaryKeyStatement(build.schema, table), values: [] });
}

/** To be called once the key is committed. */
export function remember(connections: ProjectionConnections, { schema }: Build): void {
  const known = keyed.get(connections) ?? new Set();
  keyed.set(connections, known.add(schema));
}

function isKnown(connections: ProjectionConnections, { schema }: Build): boolean {
  return keyed.get(connections)?.has(schema) === true;
}

function keyedStatement({ schema }: Build, table: Table) {
  return {
    text: `select exists (select from pg_index where indrelid = $1::regclass and indisprimary) as keyed`,
    values: [tableName(schema, table)],
  };
}

import { createHash } from "node:crypto";
import type { AnyRow } from "../../projection/any-projection.ts";
import type { Build } from "../../projection/build.ts";
import type { Table } from "../../projection/define-table.ts";
import type { Commit, RowChange } from "../../projection/projection-store.ts";
import { EventFailure } from "../../subscription/event-failure.ts";
import { fromDriver } from "./column-array.ts";
import { copyRows } from "./copy-rows.ts";
import { letterStatements } from "./letter-statements.ts";
import { addPrimaryKey, ensurePrimaryKey, remember } from "./primary-key.ts";
import type { ProjectionConnections } from "./projection-connections.ts";
import { checkpointStatement, loadStatement, writeStatement, type Statement } from "./row-statements.ts";

/** Rows a statement at most: beyond, one statement's parameters would take tens of megabytes on both sides. */
const rowsPerStatement = 10_000;

/** Fewer new rows are written as fast by one statement. */
const copyFromRows = 500;

/**
 * Small batches are one statement in autocommit. Larger ones are several in a transaction, the checkpoint first: who
 * was taken over is turned away before its rows could meet those of the new owner. Many new rows come by COPY, and
 * with the first ones of a build its primary key.
 */
export async function commitRows(
  connections: ProjectionConnections,
  schema: string,
  build: Build,
  table: Table,
  changes: readonly RowChange[],
  commit: Commit,
  { empty = false }: { readonly empty?: boolean } = {},
): Promise<void> {
  const { project } = connections;
  const letters = letterStatements(schema, commit);
  if (changes.length === 0 && letters.length === 0) {
    await saveCheckpoint(connections, schema, commit);
    return;
  }
  if (empty && changes.length >= copyFromRows) {
    await commitFirstRows(connections, schema, build, table, changes, commit);
    return;
  }
  await ensurePrimaryKey(connections, build, table);
  if (changes.length <= rowsPerStatement && letters.length === 0) {
    const statement = statementFor(schema, build, table, changes, commit);
    await connections.run(project, statement, preparedName(statement.text));
    return;
  }
  const late = commit.letters?.released != null;
  const added = late ? [] : changes.filter(({ row, stored }) => row !== null && !stored);
  const isCopied = added.length >= copyFromRows;
  const others = isCopied ? changes.filter(({ row, stored }) => row === null || stored) : changes;
  await connections.transaction(project, async (client) => {
    await connections.run(client, checkpointStatement(schema, commit));
    if (isCopied) await copyRows(client, build, table, added);
    for (let from = 0; from < others.length; from += rowsPerStatement) {
      const chunk = others.slice(from, from + rowsPerStatement);
      await connections.run(client, statementFor(schema, build, table, chunk, null, late));
    }
    for (const statement of letters) await connections.run(client, statement);
  });
}

/** A process that is killed leaves nothing of all this, and the next one begins with an empty table again. */
async function commitFirstRows(
  connections: ProjectionConnections,
  schema: string,
  build: Build,
  table: Table,
  changes: readonly RowChange[],
  commit: Commit,
): Promise<void> {
  await connections.transaction(connections.project, async (client) => {
    await connections.run(client, checkpointStatement(schema, commit));
    await addPrimaryKey(connections, client, build, table, () => copyRows(client, build, table, changes));
    for (const statement of letterStatements(schema, commit)) await connections.run(client, statement);
  });
  remember(connections, build);
}

/** A row that does not fit its columns is the fault of an event too. */
function statementFor(
  schema: string,
  build: Build,
  table: Table,
  changes: readonly RowChange[],
  commit: Commit | null,
  late = false,
): Statement {
  try {
    return writeStatement(schema, build.schema, table, changes, commit, { late });
  } catch (error) {
    throw new EventFailure(null, error);
  }
}

/** Moves the checkpoint without rows. */
export async function saveCheckpoint(
  connections: ProjectionConnections,
  schema: string,
  commit: Commit,
): Promise<void> {
  const letters = letterStatements(schema, commit);
  if (letters.length === 0) {
    await connections.run(connections.project, checkpointStatement(schema, commit), "tidemark_checkpoint");
    return;
  }
  await connections.transaction(connections.project, async (client) => {
    for (const statement of letters) await connections.run(client, statement);
    await connections.run(client, checkpointStatement(schema, commit));
  });
}

export async function loadRows(
  connections: ProjectionConnections,
  build: Build,
  table: Table,
  keys: readonly (readonly unknown[])[],
): Promise<readonly AnyRow[]> {
  await ensurePrimaryKey(connections, build, table);
  const statement = loadStatement(build.schema, table, keys);
  const rows = await connections.run<Record<string, unknown>>(
    connections.project,
    statement,
    preparedName(statement.text),
  );
  const columns = Object.entries(table.columns);
  return rows.map((row) =>
    Object.fromEntries(columns.map(([name, column]) => [name, fromDriver(column, row[name])])),
  );
}

/** The text tells build, table and variant apart, and PostgreSQL's names have room for a digest of it. */
function preparedName(text: string): string {
  let name = preparedNames.get(text);
  if (name === undefined) {
    name = `tidemark_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    preparedNames.set(text, name);
  }
  return name;
}

const preparedNames = new Map<string, string>();

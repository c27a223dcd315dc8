import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type { AnyRow } from "../../projection/any-projection.ts";
import type { Table } from "../../projection/define-table.ts";
import type { Commit, RowChange } from "../../projection/projection-store.ts";
import { int8Array } from "../event-store/binary-array.ts";
import { positionColumn, tableName } from "./build-tables.ts";
import { arrayParameter, columnArray } from "./column-array.ts";

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * Writes rows with one statement, and the checkpoint too when `commit` is given. It raises TM001 when the fencing
 * token is not the newest, TM002 when a row is not as the projector knew it; nothing is written then.
 *
 * `late` also takes rows whose last event has the same position.
 *
 * One statement in autocommit is one round trip and one flush of the write-ahead log: a live event is visible a third
 * sooner than with begin and commit. `schema` is quoted, `buildSchema` a plain name.
 */
export function writeStatement(
  schema: string,
  buildSchema: string,
  table: Table,
  changes: readonly RowChange[],
  commit: Commit | null,
  options: { readonly late?: boolean } = {},
): Statement {
  // Events that waited as dead letters come after later ones of the same row.
  const before = options.late === true ? "<=" : "<";
  const values: unknown[] = [];
  const parameter = (value: unknown): number => values.push(value);
  const written = changes.filter((change) => change.row !== null);
  const deleted = changes.filter((change) => change.row === null);
  const parts: string[] = [];
  if (commit !== null) parts.push(`fence as (${fence(schema, commit, parameter)})`);
  if (written.length > 0)
    parts.push(`written as (${upsert(buildSchema, table, written, before, parameter)})`);
  if (deleted.length > 0)
    parts.push(`deleted as (${remove(buildSchema, table, deleted, before, parameter)})`);
  const counts = [
    ...(written.length > 0 ? ["(select count(*) from written)"] : []),
    ...(deleted.length > 0 ? ["(select count(*) from deleted)"] : []),
  ];
  const fenced = commit === null ? "1" : "(select count(*) from fence)";
  return {
    text: `with ${parts.join(", ")} select ${schema}.check_commit(
      ${fenced}, ${counts.join(" + ") || "0"}, $${parameter(changes.length)}::bigint)`,
    values,
  };
}

/** Moves the checkpoint alone, guarded like {@link writeStatement}. */
export function checkpointStatement(schema: string, commit: Commit): Statement {
  const values: unknown[] = [];
  const guarded = fence(schema, commit, (value) => values.push(value));
  return {
    text: `with fence as (${guarded}) select ${schema}.check_commit((select count(*) from fence), 0, 0)`,
    values,
  };
}

/** Moves the checkpoint if its fencing token is still the newest; one row comes back then. */
function fence(schema: string, commit: Commit, parameter: (value: unknown) => number): string {
  const { lease, checkpoint, events } = commit;
  return `update ${schema}.checkpoints set
    store_id = $${parameter(checkpoint.storeId)}::uuid, position = $${parameter(checkpoint.position)}::bigint,
    event_id = $${parameter(checkpoint.eventId)}::uuid, events = events + $${parameter(events)}::bigint,
    updated_at = clock_timestamp()
    where subscription = $${parameter(lease.subscription)}::text
      and partition = $${parameter(lease.partition)}::smallint
      and fencing_token = $${parameter(lease.fencingToken)}::bigint
    returning 1`;
}

export function loadStatement(
  schema: string,
  table: Table,
  keys: readonly (readonly unknown[])[],
): Statement {
  const columns = Object.keys(table.columns).map((name) => `t.${quoteIdentifier(name)}`);
  const values: unknown[] = [];
  const wanted = keyArrays(table, keys, (value) => values.push(value));
  return {
    text: `select ${columns.join(", ")} from ${tableName(schema, table)} t
      join unnest(${wanted.join(", ")}) k(${keyNames(table).join(", ")})
      on ${keyMatch(table, "t", "k")}`,
    values,
  };
}

function upsert(
  schema: string,
  table: Table,
  changes: readonly RowChange[],
  before: "<" | "<=",
  parameter: (value: unknown) => number,
): string {
  const columns = Object.entries(table.columns);
  const arrays = columns.map(([name, column]) => {
    const rows = changes.map(({ row }: { row: AnyRow | null }) => row?.[name]);
    return arrayParameter(column, parameter(columnArray(name, column, rows)));
  });
  arrays.push(`$${parameter(int8Array(changes.map(({ position }) => position)))}::bigint[]`);
  const names = columns.map(([name]) => quoteIdentifier(name));
  const updates = columns
    .filter(([name]) => !table.primaryKey.includes(name))
    .map(([name]) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`);
  updates.push(`${positionColumn} = excluded.${positionColumn}`);
  return `insert into ${tableName(schema, table)} as t (${names.join(", ")}, ${positionColumn})
    select * from unnest(${arrays.join(", ")})
    on conflict (${keyNames(table).join(", ")}) do update set ${updates.join(", ")}
    where t.${positionColumn} ${before} excluded.${positionColumn}
    returning 1`;
}

function remove(
  schema: string,
  table: Table,
  changes: readonly RowChange[],
  before: "<" | "<=",
  parameter: (value: unknown) => number,
): string {
  const keys = keyArrays(
    table,
    changes.map(({ key }) => key),
    parameter,
  );
  const positions = `$${parameter(int8Array(changes.map(({ position }) => position)))}::bigint[]`;
  return `delete from ${tableName(schema, table)} t
    using unnest(${[...keys, positions].join(", ")}) k(${keyNames(table).join(", ")}, ${positionColumn})
    where ${keyMatch(table, "t", "k")} and t.${positionColumn} ${before} k.${positionColumn}
    returning 1`;
}

function keyNames(table: Table): readonly string[] {
  return table.primaryKey.map(quoteIdentifier);
}

function keyMatch(table: Table, left: string, right: string): string {
  return keyNames(table)
    .map((name) => `${left}.${name} = ${right}.${name}`)
    .join(" and ");
}

function keyArrays(
  table: Table,
  keys: readonly (readonly unknown[])[],
  parameter: (value: unknown) => number,
): readonly string[] {
  return table.primaryKey.map((name, index) => {
    const column = table.columns[name] ?? { type: "text", nullable: false };
    const values = keys.map((key) => key[index]);
    return arrayParameter(column, parameter(columnArray(name, column, values)));
  });
}

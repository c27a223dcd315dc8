import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type { Table } from "../../projection/define-table.ts";

/** Column of every row of a fold's table: the position of the last event that touched it. */
export const positionColumn = "_position";

/** Without primary key and indexes: those are cheaper to build when the rows are there. */
export function createTableStatement(schema: string, table: Table): string {
  const columns = Object.entries(table.columns).map(
    ([name, { type, nullable }]) => `${quoteIdentifier(name)} ${type}${nullable ? "" : " not null"}`,
  );
  return `create table ${tableName(schema, table)} (
    ${columns.join(",\n    ")},
    ${positionColumn} bigint not null
  )`;
}

export function addPrimaryKeyStatement(schema: string, table: Table): string {
  const key = table.primaryKey.map(quoteIdentifier).join(", ");
  return `alter table ${tableName(schema, table)} add primary key (${key})`;
}

/** Indexes and statistics. Repeatable: an index that a killed process has made already is kept. */
export function createIndexStatements(schema: string, table: Table): readonly string[] {
  const indexes = table.indexes.map((columns, index) => {
    const name = quoteIdentifier(`${table.name.slice(0, 40)}_index_${index + 1}`);
    const list = columns.map(quoteIdentifier).join(", ");
    return `create index if not exists ${name} on ${tableName(schema, table)} (${list})`;
  });
  // Queries come at once, and plans made without statistics are bad ones.
  return [...indexes, `analyze ${tableName(schema, table)}`];
}

export function tableName(schema: string, table: Table): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
}

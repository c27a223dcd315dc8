import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type { Table } from "../../projection/define-table.ts";

/** Column of every row of a fold's table: the position of the last event that touched it. */
export const positionColumn = "_position";

/** Without secondary indexes: those are cheaper to build when the rows are there. */
export function createTableStatement(schema: string, table: Table): string {
  const columns = Object.entries(table.columns).map(
    ([name, { type, nullable }]) => `${quoteIdentifier(name)} ${type}${nullable ? "" : " not null"}`,
  );
  return `create table ${tableName(schema, table)} (
    ${columns.join(",\n    ")},
    ${positionColumn} bigint not null,
    primary key (${table.primaryKey.map(quoteIdentifier).join(", ")})
  )`;
}

/** Repeatable: an index that a killed process has made already is kept. */
export function createIndexStatements(schema: string, table: Table): readonly string[] {
  return table.indexes.map((columns, index) => {
    const name = quoteIdentifier(`${table.name.slice(0, 40)}_index_${index + 1}`);
    const list = columns.map(quoteIdentifier).join(", ");
    return `create index if not exists ${name} on ${tableName(schema, table)} (${list})`;
  });
}

export function tableName(schema: string, table: Table): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
}

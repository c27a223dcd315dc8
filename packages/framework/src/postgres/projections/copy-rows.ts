import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Build } from "../../projection/build.ts";
import type { Table } from "../../projection/define-table.ts";
import type { RowChange } from "../../projection/projection-store.ts";
import { EventFailure } from "../../subscription/event-failure.ts";
import { positionColumn, tableName } from "./build-tables.ts";
import { columnText } from "./column-array.ts";
import { rowsChanged } from "./projection-connections.ts";

/** Characters a chunk: large enough to be cheap, small beside the rows themselves. */
const chunkLength = 128 * 1024;

/**
 * Inserts rows that the table does not have, by COPY.
 *
 * @throws EventFailure without a position when a row does not fit its columns; TidemarkError `lease-lost` when the
 * table has one of them after all.
 */
export async function copyRows(
  client: pg.PoolClient,
  build: Build,
  table: Table,
  changes: readonly RowChange[],
): Promise<void> {
  const names = Object.keys(table.columns).map(quoteIdentifier);
  const text = `copy ${tableName(build.schema, table)} (${names.join(", ")}, ${positionColumn}) from stdin`;
  try {
    await pipeline(Readable.from(chunks(table, changes)), client.query(copyFrom(text)));
  } catch (error) {
    throw isDuplicate(error) ? rowsChanged(error) : error;
  }
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "23505";
}

function* chunks(table: Table, changes: readonly RowChange[]): Generator<Buffer> {
  const columns = Object.entries(table.columns);
  let lines = "";
  for (const { row, position } of changes) {
    try {
      for (const [name, column] of columns) lines += `${copyText(columnText(name, column, row?.[name]))}\t`;
    } catch (error) {
      throw new EventFailure(null, error);
    }
    lines += `${position}\n`;
    if (lines.length < chunkLength) continue;
    yield Buffer.from(lines);
    lines = "";
  }
  if (lines !== "") yield Buffer.from(lines);
}

const special = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A value in COPY's text format. */
function copyText(value: string | null): string {
  if (value === null) return "\\N";
  return special.test(value)
    ? value.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character] ?? "")
    : value;
}

import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { Comparison, RowDifference } from "../../projection/scratch-builds.ts";
import { positionColumn } from "./build-tables.ts";

/** A build's tables, read inside a transaction of this client. */
interface Side {
  readonly client: pg.PoolClient;
  readonly schema: string;
}

interface TableShape {
  readonly table: string;
  readonly key: readonly string[];
  readonly others: readonly string[];
}

/** Of each column its text: of the key first, then of the others. */
type TextRow = readonly (string | null)[];

/** Rows that are fetched at a time. */
const page = 2_000;

/** Compares all tables of two schemas row by row, in order of their keys, with flat memory. */
export async function compareTables(
  live: Side,
  recomputed: Side,
  { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<Comparison> {
  const differences: RowDifference[] = [];
  let rows = 0n;
  let differing = 0n;
  for (const shape of await readShapes(live)) {
    const left = readRows(live, shape);
    const right = readRows(recomputed, shape);
    let [a, b] = await Promise.all([left.next(), right.next()]);
    while (a.done !== true || b.done !== true) {
      signal?.throwIfAborted();
      const liveRow = a.done === true ? null : a.value;
      const recomputedRow = b.done === true ? null : b.value;
      const order = compareKeys(liveRow, recomputedRow, shape.key.length);
      const difference = differenceOf(shape, order <= 0 ? liveRow : null, order >= 0 ? recomputedRow : null);
      if (order <= 0) rows += 1n;
      if (difference !== null) {
        differing += 1n;
        if (differences.length < limit) differences.push(difference);
      }
      if (order <= 0) a = await left.next();
      if (order >= 0) b = await right.next();
    }
  }
  return { rows, differing, differences };
}

function differenceOf(
  { table, key: keyColumns, others }: TableShape,
  live: TextRow | null,
  recomputed: TextRow | null,
): RowDifference | null {
  const known = live ?? recomputed ?? [];
  const key = Object.fromEntries(keyColumns.map((column, index) => [column, known[index] ?? null]));
  if (live === null) return { table, key, column: null, live: undefined, recomputed: textOf(recomputed) };
  if (recomputed === null) return { table, key, column: null, live: textOf(live), recomputed: undefined };
  for (const [index, column] of others.entries()) {
    const at = keyColumns.length + index;
    if (live[at] !== recomputed[at])
      return { table, key, column, live: live[at] ?? null, recomputed: recomputed[at] ?? null };
  }
  return null;
}

function textOf(row: TextRow | null): string {
  return JSON.stringify(row);
}

/** Bytewise, as `collate "C"` sorts, whatever the database's own order is. A side that has ended comes last. */
function compareKeys(left: TextRow | null, right: TextRow | null, columns: number): number {
  if (left === null) return 1;
  if (right === null) return -1;
  for (let index = 0; index < columns; index += 1) {
    const a = left[index] ?? null;
    const b = right[index] ?? null;
    if (a === b) continue;
    if (a === null) return 1;
    if (b === null) return -1;
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return 0;
}

async function* readRows({ client, schema }: Side, shape: TableShape): AsyncGenerator<TextRow, void, void> {
  const text = (column: string): string => `t.${quoteIdentifier(column)}::text`;
  const columns = [...shape.key, ...shape.others].map(text);
  const order = shape.key.map((column) => `${text(column)} collate "C" nulls last`);
  await client.query(
    `declare compared no scroll cursor for
     select ${columns.join(", ") || "null"} from ${quoteIdentifier(schema)}.${quoteIdentifier(shape.table)} t
     ${order.length === 0 ? "" : `order by ${order.join(", ")}`}`,
  );
  for (;;) {
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch ${page} from compared`,
      rowMode: "array",
    });
    yield* rows;
    if (rows.length < page) break;
  }
  await client.query("close compared");
}

/** What a fold's rows remember of their last event is no part of what the code computes. */
async function readShapes({ client, schema }: Side): Promise<readonly TableShape[]> {
  const { rows } = await client.query<{ table: string; columns: string[]; key: string[] | null }>(
    `select c.relname::text as table,
       (select json_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select json_agg(a.attname::text order by k.place) from pg_index i
        cross join lateral unnest(i.indkey) with ordinality k(attnum, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
        where i.indrelid = c.oid and i.indisprimary) as key
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition order by c.relname`,
    [schema],
  );
  return rows.map(({ table, columns, key }) => {
    const own = columns.filter((column) => column !== positionColumn);
    return { table, key: key ?? own, others: key === null ? [] : own.filter((name) => !key.includes(name)) };
  });
}

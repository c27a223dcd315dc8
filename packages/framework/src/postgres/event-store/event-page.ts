import { eventColumns } from "./event-row.ts";

/** A page ends after this many bytes of payload and metadata, whatever its number of events; one event always fits. */
export const maxPageBytes = 4 * 1024 * 1024;

/** Events a page when the caller does not say. */
export const defaultPageSize = 1_000;

/**
 * Cuts a limited query off once its rows are as large as a page may be. The sizes are known without reading payloads
 * that PostgreSQL keeps out of line.
 *
 * @param source yields the columns of an event
 * @param order of `source`, on its alias `p`
 */
export function pageStatement(
  source: string,
  order: "p.position" | "p.position desc",
  pageBytes = maxPageBytes,
): string {
  return `select ${eventColumns} from (
    select p.*, octet_length(p.data) + octet_length(p.meta) as bytes,
      sum(octet_length(p.data) + octet_length(p.meta)) over (order by ${order} rows unbounded preceding) as total
    from (${source}) p
  ) e where e.total - e.bytes < ${pageBytes} order by ${order.replace("p.", "e.")}`;
}

/** Whether more events may follow within the range that was asked for; rows are a little larger than what is counted. */
export function mayHaveMore(rows: readonly Buffer[], size: number, pageBytes = maxPageBytes): boolean {
  if (rows.length >= size) return true;
  let bytes = 0;
  for (const row of rows) bytes += row.length;
  return bytes >= pageBytes;
}

import pg from "pg";
import { pageStatement } from "./event-page.ts";

const lastPossibleStreamNo = 9_223_372_036_854_775_807n;

/** Which events of the log are wanted, and in which order; `null`: no matter. */
export interface LogQuery {
  /** Quoted database schema. */
  readonly schema: string;
  readonly backwards: boolean;
  readonly tenant: string;
  /** Whether the log may have events of other tenants. */
  readonly otherTenants: boolean;
  readonly typeNos: readonly number[] | null;
  readonly categories: readonly string[] | null;
  /** A page ends with the event that brings it to so many bytes; default: as large as pages may be. */
  readonly pageBytes?: number;
}

/** A stretch of the log in the order of reading: `after` is exclusive, `to` inclusive. */
export interface LogRange {
  readonly after: bigint;
  readonly to: bigint;
}

/** The next page of a stretch. */
export function rangePageText(query: LogQuery, range: LogRange, size: number): string {
  return pageText(query, positionsWithin(query, range), size);
}

/** The next page of what stands at given positions. */
export function positionsPageText(query: LogQuery, positions: readonly bigint[]): string {
  return pageText(query, `e.position = any ('{${positions.join()}}'::bigint[])`, positions.length);
}

function pageText(query: LogQuery, positions: string, size: number): string {
  const { schema, backwards, typeNos } = query;
  const order = backwards ? "position desc" : "position";
  const types = typeNos === null ? "" : `and e.type_no = any (${integers(typeNos)})`;
  // OFFSET 0 keeps the look-up of the stream inside the loop over positions, whatever the statistics say.
  const streams = selectsStreams(query)
    ? `cross join lateral (
         select from ${schema}.streams s where s.stream_no = e.stream_no and ${streamCondition(query)} offset 0
       ) s`
    : "";
  return pageStatement(
    `select e.* from ${schema}.events e ${streams} where ${positions} ${types} order by e.${order} limit ${size}`,
    `p.${order}`,
    query.pageBytes,
  );
}

/** The first positions of the wanted types within a range, out of the index alone. */
export function typePositionsText(query: LogQuery, range: LogRange, limit: number): string {
  const order = query.backwards ? "desc" : "asc";
  const [beyond, upTo] = query.backwards ? ["<", ">="] : [">", "<="];
  // Compared as pairs, type and position leave no index to choose but the right one, whatever the statistics say.
  return `select p.position from unnest(${integers(query.typeNos ?? [])}) t(type_no)
    cross join lateral (
      select e.position from ${query.schema}.events e
      where (e.type_no, e.position) ${beyond} (t.type_no, ${range.after}::bigint)
        and (e.type_no, e.position) ${upTo} (t.type_no, ${range.to}::bigint)
      order by e.type_no ${order}, e.position ${order} limit ${limit}
    ) p order by p.position ${order} limit ${limit}`;
}

/** Every event of the wanted streams: its position (null when they have left) and its stream. */
export function streamPositionsText(query: LogQuery, maxStreams: number, maxEvents: number): string {
  const { schema, categories } = query;
  const tenant = pg.escapeLiteral(query.tenant);
  // Compared as triples for the reason above.
  const streams =
    categories === null
      ? `select s.stream_no from ${schema}.streams s where s.tenant = ${tenant}`
      : `select s.stream_no from unnest(${texts(categories)}) c(category) cross join lateral (
           select s.stream_no from ${schema}.streams s
           where (s.tenant, s.category, s.stream_no) > (${tenant}, c.category, 0::bigint)
             and (s.tenant, s.category, s.stream_no) < (${tenant}, c.category, ${lastPossibleStreamNo}::bigint)
           order by s.tenant, s.category, s.stream_no limit ${maxStreams}
         ) s`;
  return `select e.position, s.stream_no from (${streams} limit ${maxStreams}) s
    left join lateral (
      select e.position from ${schema}.events e where e.stream_no = s.stream_no offset 0
    ) e on true limit ${maxEvents}`;
}

/** Whether streams decide what is wanted. */
export function selectsStreams({ otherTenants, categories }: LogQuery): boolean {
  return otherTenants || categories !== null;
}

function streamCondition({ tenant, categories }: LogQuery): string {
  const ofTenant = `s.tenant = ${pg.escapeLiteral(tenant)}`;
  return categories === null ? ofTenant : `${ofTenant} and s.category = any (${texts(categories)})`;
}

function positionsWithin({ backwards }: LogQuery, { after, to }: LogRange): string {
  return backwards
    ? `e.position < ${after} and e.position >= ${to}`
    : `e.position > ${after} and e.position <= ${to}`;
}

function integers(values: readonly number[]): string {
  return `'{${values.join()}}'::integer[]`;
}

function texts(values: readonly string[]): string {
  return `array[${values.map((value) => pg.escapeLiteral(value)).join()}]::text[]`;
}

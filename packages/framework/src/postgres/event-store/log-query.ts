import pg from "pg";
import { pageStatement } from "./event-page.ts";

/** Which events of the log are wanted, and in which order; `null`: no matter. */
export interface LogQuery {
  /** Quoted database schema. */
  readonly schema: string;
  readonly backwards: boolean;
  /** `null` when the store has no other tenant. */
  readonly tenant: string | null;
  readonly typeNos: readonly number[] | null;
  readonly categories: readonly string[] | null;
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
  );
}

/** The first positions of the wanted types within a range, out of the index alone. */
export function typePositionsText(query: LogQuery, range: LogRange, limit: number): string {
  const order = query.backwards ? "position desc" : "position";
  return `select p.position from unnest(${integers(query.typeNos ?? [])}) t(type_no)
    cross join lateral (
      select e.position from ${query.schema}.events e
      where e.type_no = t.type_no and ${positionsWithin(query, range)} order by e.${order} limit ${limit}
    ) p order by p.${order} limit ${limit}`;
}

/** Every event of the wanted streams: its position (null when they have left) and its stream. */
export function streamPositionsText(query: LogQuery, maxStreams: number, maxEvents: number): string {
  return `select e.position, s.stream_no
    from (select s.stream_no from ${query.schema}.streams s where ${streamCondition(query)} limit ${maxStreams}) s
    left join lateral (
      select e.position from ${query.schema}.events e where e.stream_no = s.stream_no offset 0
    ) e on true limit ${maxEvents}`;
}

export function selectsStreams({ tenant, categories }: LogQuery): boolean {
  return tenant !== null || categories !== null;
}

function streamCondition({ tenant, categories }: LogQuery): string {
  const conditions = [
    ...(tenant === null ? [] : [`s.tenant = ${pg.escapeLiteral(tenant)}`]),
    ...(categories === null
      ? []
      : [`s.category = any (array[${categories.map((name) => pg.escapeLiteral(name)).join()}]::text[])`]),
  ];
  return conditions.join(" and ");
}

function positionsWithin({ backwards }: LogQuery, { after, to }: LogRange): string {
  return backwards
    ? `e.position < ${after} and e.position >= ${to}`
    : `e.position > ${after} and e.position <= ${to}`;
}

function integers(values: readonly number[]): string {
  return `'{${values.join()}}'::integer[]`;
}

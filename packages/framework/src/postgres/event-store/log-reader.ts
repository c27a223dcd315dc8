import type { Catalogue } from "./catalogue.ts";
import type { ReadConnections } from "./read-connections.ts";
import type { StreamNames } from "./stream-names.ts";

/** What reads share. */
export interface LogReader {
  readonly connections: ReadConnections;
  readonly catalogue: Catalogue;
  readonly streamNames: StreamNames;
  /** Quoted database schema. */
  readonly schema: string;
}

/** Position of the last event, `0n` when there is none. */
export async function readHead({ connections, schema }: LogReader, signal?: AbortSignal): Promise<bigint> {
  const [row] = await connections.query<[position: string]>(
    {
      name: "tidemark_head",
      text: `select position from ${schema}.events order by position desc limit 1`,
      values: [],
    },
    signal,
  );
  return row === undefined ? 0n : BigInt(row[0]);
}

/** How far the log reaches, and whether a tenant shares it with others. */
export interface LogExtent {
  /** Position of the last event, `0n` when there is none. */
  readonly head: bigint;
  readonly headEventId: string | null;
  readonly otherTenants: (tenant: string) => boolean;
}

export async function readExtent(
  { connections, schema }: LogReader,
  signal?: AbortSignal,
): Promise<LogExtent> {
  const [row] = await connections.query<(string | null)[]>(
    {
      name: "tidemark_extent",
      text: `select (select position from ${schema}.events order by position desc limit 1),
               (select event_id from ${schema}.events order by position desc limit 1),
               (select tenant from ${schema}.streams order by tenant, stream_id limit 1),
               (select tenant from ${schema}.streams order by tenant desc, stream_id desc limit 1)`,
      values: [],
    },
    signal,
  );
  const [head = null, headEventId = null, first = null, last = null] = row ?? [];
  return {
    head: head === null ? 0n : BigInt(head),
    headEventId,
    otherTenants: (tenant) => first !== tenant || last !== tenant,
  };
}

/** Id of the event at exactly this position. */
export async function readEventId(
  { connections, schema }: LogReader,
  position: bigint,
  signal?: AbortSignal,
): Promise<string | null> {
  const [row] = await connections.query<[eventId: string]>(
    {
      name: "tidemark_event_id_at",
      text: `select event_id from ${schema}.events where position = $1`,
      values: [position],
    },
    signal,
  );
  return row?.[0] ?? null;
}

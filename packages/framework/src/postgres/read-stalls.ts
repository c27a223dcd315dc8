import type { DatabaseSession, Stall } from "../telemetry/stall.ts";

/** Seconds after which a statement or transaction of the framework that nobody blocks counts as slow. */
const slowSeconds = 5;

/**
 * Sessions of the framework that wait for a lock, each with those it waits for, and those that are slow by themselves.
 * Looking for locks costs something, so it is done for sessions that wait only.
 */
export const stallsText = `select
    a.pid, a.application_name, coalesce(a.state, ''), left(coalesce(a.query, ''), 100),
    greatest(extract(epoch from clock_timestamp() - a.query_start), 0)::float8,
    b.pid, b.application_name, coalesce(b.state, ''), left(coalesce(b.query, ''), 100),
    greatest(extract(epoch from clock_timestamp() - b.query_start), 0)::float8
  from pg_stat_activity a
  left join lateral unnest(case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) end) blocking(pid) on true
  left join pg_stat_activity b on b.pid = blocking.pid
  where a.datname = current_database() and a.application_name like 'tidemark %' and a.pid <> pg_backend_pid()
    and a.state <> 'idle'
    and (a.wait_event_type = 'Lock' or a.query_start < clock_timestamp() - interval '${slowSeconds} seconds')
  order by a.query_start, a.pid, b.pid
  limit 100`;

/** A row of {@link stallsText}, its values as text. */
export type StallRow = (string | null)[];

export function toStall([pid, application, state, query, seconds, ...blocking]: StallRow): Stall {
  const [blockingPid = null] = blocking;
  return {
    session: toSession([pid, application, state, query, seconds]),
    blockedBy: blockingPid === null ? null : toSession(blocking),
  };
}

function toSession([pid, application, state, query, seconds]: readonly (
  string | null | undefined
)[]): DatabaseSession {
  return {
    pid: Number(pid ?? 0),
    application: application ?? "",
    state: state ?? "",
    query: query ?? "",
    seconds: Number(seconds ?? 0),
  };
}

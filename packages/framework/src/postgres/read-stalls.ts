import type { DatabaseSession, Stall } from "../telemetry/stall.ts";

/** Seconds after which a statement or transaction of the framework that nobody blocks counts as slow. */
const slowSeconds = 5;

/**
 * Sessions of the framework that wait for a lock, each with those it waits for, and those that are slow by themselves.
 * Looking for locks costs something, so it is done for sessions that wait only.
 */
export const stallsText = `select
    a.pid, ${described("a")},
    (select string_agg(distinct coalesce(l.relation::regclass::text, l.locktype), ', ') from pg_locks l
      where a.wait_event_type = 'Lock' and l.pid = a.pid and not l.granted),
    b.pid, ${described("b")}
  from pg_stat_activity a
  left join lateral unnest(case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) end) blocking(pid) on true
  left join pg_stat_activity b on b.pid = blocking.pid
  where a.datname = current_database() and a.application_name like 'tidemark %' and a.pid <> pg_backend_pid()
    and a.state <> 'idle'
    and (a.wait_event_type = 'Lock' or a.query_start < clock_timestamp() - interval '${slowSeconds} seconds')
  order by a.query_start, a.pid, b.pid
  limit 100`;

function described(session: string): string {
  return `${session}.application_name, coalesce(${session}.state, ''),
    left(regexp_replace(coalesce(${session}.query, ''), '\\s+', ' ', 'g'), 100),
    greatest(extract(epoch from clock_timestamp() - ${session}.query_start), 0)::float8`;
}

/** A row of {@link stallsText}, its values as text. */
export type StallRow = (string | null)[];

export function toStall([
  pid,
  application,
  state,
  query,
  seconds,
  waitsFor = null,
  ...blocking
]: StallRow): Stall {
  const [blockingPid = null] = blocking;
  return {
    session: toSession([pid, application, state, query, seconds]),
    waitsFor,
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

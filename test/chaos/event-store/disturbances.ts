import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";

/** Makes commits take a random time, and some of them fail, after positions have been given. */
export async function delayCommits(pool: pg.Pool, options: { readonly longestMs: number }): Promise<void> {
  await pool.query(`
    create function tidemark.disturb() returns trigger language plpgsql as $$
    begin
      if random() < 0.2 then perform pg_sleep(random() * ${options.longestMs / 1_000}); end if;
      if random() < 0.02 then raise exception 'aborted by the torture test'; end if;
      return null;
    end $$;
    create constraint trigger disturb after insert on tidemark.events
      deferrable initially deferred for each row execute function tidemark.disturb()`);
}

/** Ends a random session of the store about every 40 ms: one that appends, reads or listens. */
export async function terminateSessions(pool: pg.Pool, signal: AbortSignal): Promise<number> {
  let terminated = 0;
  while (!signal.aborted) {
    await delay(20 + randomInt(40));
    const { rowCount } = await pool.query(
      `select pg_terminate_backend(pid) from (
         select pid from pg_stat_activity
         where datname = current_database() and application_name like 'tidemark%' order by random() limit 1
       ) s`,
    );
    terminated += rowCount ?? 0;
  }
  return terminated;
}

/** A foreign client that takes the lock, writes an event at the next position, and rolls back. */
export async function abortTransactions(pool: pg.Pool, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const client = await pool.connect();
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)");
    await client.query(
      `insert into tidemark.events (position, event_id, stream_no, revision, type_no, event_version, schema_no,
         encoding, data, recorded_at, meta)
       select position + 1, gen_random_uuid(), stream_no, revision + 1, type_no, event_version, schema_no, 0, '',
         recorded_at, '' from tidemark.events order by position desc limit 1`,
    );
    await delay(randomInt(5));
    await client.query("rollback");
    client.release();
    await delay(randomInt(50));
  }
}

/** Assigns positions outside the lock, as a sequence would: the fault that the torture test must find. */
export async function plantSequencePositions(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ definition: string }>(
    "select pg_get_functiondef('tidemark.append_events'::regproc) as definition",
  );
  const definition = rows[0]?.definition ?? "";
  const planted = definition
    .replace(/perform pg_advisory_xact_lock\([^;]*;/, "")
    .replace("_position := coalesce(_position, 0);", "_position := nextval('tidemark.planted') * 10;");
  if (!planted.includes("planted") || planted.includes("advisory"))
    throw new Error("the fault was not planted");
  await pool.query(`create sequence tidemark.planted; ${planted}`);
}

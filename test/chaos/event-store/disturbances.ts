import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { SeededRandom } from "./seeded-random.mjs";

/** Makes commits take a random time, and fail when an event is poisoned, after positions have been given. */
export async function disturbCommits(pool: pg.Pool, options: { readonly longestMs: number }): Promise<void> {
  await pool.query(`
    create function tidemark.disturb() returns trigger language plpgsql as $$
    begin
      if random() < 0.2 then perform pg_sleep(random() * ${options.longestMs / 1_000}); end if;
      if new.data = 'poison' then raise exception 'poisoned'; end if;
      return null;
    end $$;
    create constraint trigger disturb after insert on tidemark.events
      deferrable initially deferred for each row execute function tidemark.disturb()`);
}

/**
 * Ends a session of the store about every 40 ms: any one, or one that is about to append. Returns how many.
 */
export async function terminateSessions(
  pool: pg.Pool,
  random: SeededRandom,
  milliseconds: number,
): Promise<number> {
  const until = Date.now() + milliseconds;
  let terminated = 0;
  while (Date.now() < until) {
    await delay(20 + random.below(40));
    const { rowCount } = await pool.query(
      `select pg_terminate_backend(pid) from (
         select pid from pg_stat_activity
         where datname = current_database() and application_name like 'tidemark%'
         order by ($1::boolean and state = 'active' and application_name = 'tidemark append') desc, random() limit 1
       ) s`,
      [random.chance(0.5)],
    );
    terminated += rowCount ?? 0;
  }
  return terminated;
}

/** A foreign client that takes the lock, writes an event at the next position, and rolls back. */
export async function abortTransactions(
  pool: pg.Pool,
  random: SeededRandom,
  milliseconds: number,
): Promise<void> {
  const until = Date.now() + milliseconds;
  while (Date.now() < until) {
    const client = await pool.connect();
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock(1953064037, 'tidemark.events'::regclass::oid::integer)");
    await client.query(
      `insert into tidemark.events (position, event_id, stream_no, revision, type_no, event_version, schema_no,
         encoding, data, recorded_at, meta)
       select position + 1, gen_random_uuid(), stream_no, revision + 1, type_no, event_version, schema_no, 0, '',
         recorded_at, '' from tidemark.events order by position desc limit 1`,
    );
    await delay(random.below(5));
    await client.query("rollback");
    client.release();
    await delay(random.below(50));
  }
}

/** A write transaction of somebody else that never ends, and an old snapshot: nobody waits for either. */
export async function holdTransactions(pool: pg.Pool): Promise<() => Promise<void>> {
  const [stuck, old] = [await pool.connect(), await pool.connect()];
  await stuck.query(
    `create table if not exists foreign_work (done integer); begin; insert into foreign_work values (1);
     select pg_current_xact_id()`,
  );
  await old.query("begin isolation level repeatable read; select count(*) from tidemark.events");
  return async () => {
    for (const client of [stuck, old]) {
      await client.query("rollback");
      client.release();
    }
  };
}

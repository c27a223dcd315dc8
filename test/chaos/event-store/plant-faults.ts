import type pg from "pg";

type Edit = readonly [pattern: RegExp, replacement: string];

/** Positions from a sequence that is asked outside the lock. */
export async function plantSequencePositions(pool: pg.Pool): Promise<void> {
  await pool.query("create sequence tidemark.planted increment 1000");
  await plant(pool, [
    [/_void := pg_advisory_xact_lock\([^;]*;/g, "perform nextval('tidemark.planted');"],
    [/_position := coalesce\(_position, 0\);/g, "_position := nextval('tidemark.planted');"],
  ]);
}

/** The idempotency record in a transaction of its own, a moment after the events. */
export async function plantSeparateKeys(pool: pg.Pool): Promise<void> {
  await plant(pool, [
    [
      /insert into "?tidemark"?\.idempotency_records/g,
      "commit; perform pg_sleep(random() * 0.05); insert into tidemark.idempotency_records",
    ],
  ]);
}

/** A counter that every append counts up: it makes each one slower for as long as somebody holds an old snapshot. */
export async function plantCounterRow(pool: pg.Pool): Promise<void> {
  await pool.query(`
    create table tidemark.planted (events bigint);
    insert into tidemark.planted values (0);
    create function tidemark.count_up() returns trigger language plpgsql as $$
    begin
      update tidemark.planted set events = events + 1;
      return null;
    end $$;
    create trigger planted after insert on tidemark.events for each row execute function tidemark.count_up()`);
}

/** Changes the text of every procedure that appends; each edit must find its place in each of them. */
async function plant(pool: pg.Pool, edits: readonly Edit[]): Promise<void> {
  const { rows } = await pool.query<{ definition: string }>(
    `select pg_get_functiondef(oid) as definition from pg_proc
     where pronamespace = 'tidemark'::regnamespace and prosrc ~* 'insert into "?tidemark"?[.]events '`,
  );
  if (rows.length === 0) throw new Error("no procedure appends");
  for (const { definition } of rows) {
    let planted = definition;
    for (const [pattern, replacement] of edits) {
      if (planted.search(pattern) === -1) throw new Error(`${pattern} is not in ${definition.slice(0, 80)}`);
      planted = planted.replace(pattern, replacement);
    }
    await pool.query(planted);
  }
}

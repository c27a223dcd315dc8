import type pg from "pg";

const streamEvents = 100;
const step = 1_000_000;

/** Makes the log this long with events like the others, a hundred a stream, and brings the statistics up to date. */
export async function fillLog(pool: pg.Pool, events: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ last: bigint; stream: bigint }>(
      `select coalesce((select max(position) from tidemark.events), 0) as last,
         coalesce((select max(stream_no) from tidemark.streams), 0) as stream`,
    );
    const [log] = rows;
    const missing = Math.min(step, events - Number(log?.last ?? 0));
    if (log === undefined || missing <= 0) break;
    await pool.query(
      `insert into tidemark.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
       select $1::bigint + n, 99, 0, '', 'filled-' || ($1::bigint + n), 'filled'
       from generate_series(1, $2::integer / ${streamEvents} + 1) n`,
      [log.stream, missing],
    );
    await pool.query(
      `insert into tidemark.events (position, event_id, stream_no, revision, type_no, event_version, schema_no,
         encoding, data, recorded_at, meta)
       select $1::bigint + n, gen_random_uuid(), $2::bigint + 1 + (n - 1) / ${streamEvents}, (n - 1) % ${streamEvents},
         1, 1, 1, 0, decode(repeat('01', 110), 'hex'), clock_timestamp(), decode(repeat('02', 40), 'hex')
       from generate_series(1, $3::integer) n`,
      [log.last, log.stream, missing],
    );
  }
  await pool.query("vacuum analyze tidemark.events; ");
  await pool.query("checkpoint");
}

import { randomUUID } from "node:crypto";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import type pg from "pg";
import { Closed, Deposited, serializer } from "./read-load.ts";

/** Streams to load, by their length. */
export interface ReadLog {
  readonly streams: readonly { readonly length: number; readonly ids: readonly string[] }[];
}

const shortStreams = 500;
const longStreams = 50;

/**
 * A log of so many events: streams of 1,000 and of 100 events to load, the rest in streams of 100, and ten events each
 * of a rare type and of a rare category. The streams to load also stand as JSON in a table of their own.
 */
export async function fillReadLog(
  pool: pg.Pool,
  store: PostgresEventStore,
  events: number,
): Promise<ReadLog> {
  const context = {
    correlationId: randomUUID(),
    causationId: null,
    metadata: { actor: "user-4711", traceparent: null, user: {} },
  };
  const deposited = Deposited({
    amount: 4_711n,
    currency: "EUR",
    memo: "monthly instalment, paid at the counter",
    reference: "2026-11-20/0815-4711-0042",
  });
  for (const event of [deposited, Closed({})])
    await store.append("first-1", [serializer.encode(event, randomUUID(), context)]);
  const spread = Math.floor(events / 10);
  // Streams 2 to 51 have 1,000 events each, those behind them 100, those from 10,000,001 on are rare.
  await pool.query(`
    insert into tidemark.events
    select p, gen_random_uuid(),
      case when p % ${spread} = 3 then 10000001 + p / ${spread}
        when p <= ${longStreams * 1_000 + 2} then 2 + (p - 3) / 1000
        else ${longStreams + 2} + (p - ${longStreams * 1_000 + 3}) / 100 end,
      case when p <= ${longStreams * 1_000 + 2} then (p - 3) % 1000 else (p - 3) % 100 end,
      case when p % ${spread} = 0 and p < ${events} then 2 else 1 end, 1, case when p % ${spread} = 0 and p < ${events} then 2 else 1 end, 0,
      case when p % ${spread} = 0 and p < ${events} then '' else e.data end, e.correlation_id, null, clock_timestamp(), e.meta
    from generate_series(3, ${events}) p, (select data, meta, correlation_id from tidemark.events where position = 1) e`);
  await pool.query(`
    insert into tidemark.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
    select n, 0, 0, '', case when n > 10000000 then 'rare-' || n else 'account-' || n end,
      case when n > 10000000 then 'rare' else 'account' end
    from (select distinct stream_no as n from tidemark.events where stream_no > 1) s`);
  await pool.query(`
    create table bench_json_events (position bigint primary key, event_id uuid not null, stream_id text not null,
      revision bigint not null, type text not null, data json not null, recorded_at timestamptz not null);
    insert into bench_json_events
    select position, event_id, 'account-' || stream_no, revision, 'bench.Deposited',
      '{"amount":"4711","currency":"EUR","memo":"monthly instalment, paid at the counter","reference":"2026-11-20/0815-4711-0042"}',
      recorded_at
    from tidemark.events where stream_no between 2 and ${longStreams + shortStreams + 1};
    create unique index on bench_json_events (stream_id, revision)`);
  await pool.query("vacuum analyze tidemark.events");
  await pool.query("vacuum analyze bench_json_events");
  await pool.query("checkpoint");
  const ids = (first: number, count: number) => Array.from({ length: count }, (_, n) => String(first + n));
  return {
    streams: [
      { length: 100, ids: ids(longStreams + 2, shortStreams) },
      { length: 1_000, ids: ids(2, longStreams) },
    ],
  };
}

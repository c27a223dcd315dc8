import { randomUUID } from "node:crypto";
import { PostgresEventStore } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import { deposit, FundsDeposited, serializer } from "./rebuild-model.ts";

const chunk = 500_000;
/** A prime that divides no number of accounts: neighbours in the log are of different accounts. */
const stride = 7_919;

/** Fills an empty database with a log of so many deposits, spread evenly over so many accounts. */
export async function fillRebuildLog(
  connectionString: string,
  { events, accounts }: { readonly events: number; readonly accounts: number },
): Promise<void> {
  const store = new PostgresEventStore({ connectionString, wakeup: "poll" });
  await store.open();
  const context = {
    correlationId: randomUUID(),
    causationId: null,
    metadata: { actor: "user-4711", traceparent: null, user: {} },
  };
  const first = serializer.encode(FundsDeposited(deposit), randomUUID(), context);
  await store.append("account-first", [first]);
  await store.close();
  const pool = createPool({ connectionString, max: 1, applicationName: "rebuild-bench" });
  try {
    await pool.query(
      `insert into tidemark.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
       select 1000 + n, ($1::bigint - 2 - n) / $2, 0, '', 'account-' || n, 'account'
       from generate_series(0, $2::bigint - 1) n`,
      [events, accounts],
    );
    for (let from = 2; from <= events; from += chunk) {
      await pool.query(
        `insert into tidemark.events (position, event_id, stream_no, revision, type_no, event_version, schema_no,
           encoding, data, correlation_id, causation_id, recorded_at, meta)
         select p, gen_random_uuid(), 1000 + (p * ${stride}) % $3::bigint, (p - 2) / $3::bigint, e.type_no,
           e.event_version, e.schema_no, e.encoding, e.data, gen_random_uuid(), null, clock_timestamp(), e.meta
         from generate_series($1::bigint, $2::bigint) p, (select * from tidemark.events where position = 1) e`,
        [from, Math.min(from + chunk - 1, events), accounts],
      );
    }
    await pool.query("vacuum analyze tidemark.events");
    await pool.query("vacuum analyze tidemark.streams");
    await pool.query("checkpoint");
  } finally {
    await pool.end();
  }
}

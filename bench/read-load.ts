import { defineAggregate, defineEvent, EventSerializer } from "@tidemark/framework";
import type { PostgresEventStore } from "@tidemark/framework/postgres";
import type pg from "pg";
import { z } from "zod";

export const Deposited = defineEvent({
  type: "record",
  name: "Deposited",
  namespace: "bench",
  fields: [
    { name: "amount", type: "long" },
    { name: "currency", type: "string" },
    { name: "memo", type: ["null", "string"], default: null },
    { name: "reference", type: "string" },
  ],
});
export const Closed = defineEvent({ type: "record", name: "Closed", namespace: "bench", fields: [] });

export const Account = defineAggregate({
  name: "account",
  events: [Deposited, Closed],
  initialState: () => ({ balance: 0n, count: 0, closed: false }),
})
  .evolve({
    Deposited: (state, { amount }) => ({ ...state, balance: state.balance + amount, count: state.count + 1 }),
    Closed: (state) => ({ ...state, closed: true }),
  })
  .commands({ close: { input: z.object({}), decide: () => Closed({}) } });

export const serializer = new EventSerializer(Account.events);

interface Repository {
  load(aggregate: typeof Account, id: string, tenant: string): Promise<{ readonly revision: bigint | null }>;
}

/** What the application loads aggregates with is no part of the public API. */
async function openRepository(options: object): Promise<Repository> {
  const file = "../../packages/framework/dist/aggregate/aggregate-repository.js";
  // A module by address has no type.
  const module = (await import(new URL(file, import.meta.url).href)) as {
    readonly AggregateRepository: new (options: object) => Repository;
  };
  return new module.AggregateRepository(options);
}

/** Loads the next stream and answers 1. */
export async function loadAggregates(
  store: PostgresEventStore,
  ids: readonly string[],
  warm: boolean,
): Promise<() => Promise<number>> {
  const repository = await openRepository({
    eventStore: store,
    serializer,
    ...(warm ? {} : { cacheSize: 0 }),
  });
  if (warm) for (const id of ids) await repository.load(Account, id, "");
  let turn = 0;
  return async () => {
    const { revision } = await repository.load(Account, ids[turn % ids.length] ?? "", "");
    if (revision === null) throw new Error("a stream is empty");
    turn += 1;
    return 1;
  };
}

interface JsonRow {
  readonly position: bigint;
  readonly event_id: string;
  readonly revision: bigint;
  readonly type: string;
  readonly data: { readonly amount: string };
  readonly recorded_at: Date;
}

let jsonTurn = 0;

/** The same by hand: one prepared SELECT on a table with a JSON column, and the same fold. */
export async function loadJson(client: pg.PoolClient, ids: readonly string[]): Promise<number> {
  const { rows } = await client.query<JsonRow>({
    name: "load_json",
    text: `select position, event_id, revision, type, data, recorded_at from bench_json_events
           where stream_id = $1 order by revision`,
    values: [`account-${ids[jsonTurn % ids.length]}`],
  });
  jsonTurn += 1;
  let state = { balance: 0n, count: 0, closed: false };
  for (const { type, data } of rows) {
    if (type === "bench.Deposited")
      state = { ...state, balance: state.balance + BigInt(data.amount), count: state.count + 1 };
    else state = { ...state, closed: true };
  }
  if (state.count !== rows.length || rows.length === 0) throw new Error("a stream is not complete");
  return 1;
}

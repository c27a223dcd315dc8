import {
  bigint,
  defineEvent,
  defineFoldProjection,
  defineTable,
  EventSerializer,
  readModel,
  text,
} from "@tidemark/framework";

export const FundsDeposited = defineEvent({
  type: "record",
  name: "FundsDeposited",
  namespace: "bench",
  fields: [
    { name: "amount", type: "long" },
    { name: "currency", type: "string" },
    { name: "memo", type: ["null", "string"], default: null },
    { name: "reference", type: "string" },
  ],
});

export const serializer = new EventSerializer([FundsDeposited]);

/** Every event has this payload. */
export const deposit = {
  amount: 4_711n,
  currency: "EUR",
  memo: "monthly instalment, paid at the counter",
  reference: "2026-11-20/0815-4711-0042",
};

/** The read model in the fold form. */
export const balances = defineFoldProjection({
  name: "balances",
  version: 1,
  events: [FundsDeposited],
  table: defineTable(
    "balances",
    { account_id: text(), balance: bigint(), currency: text(), version: bigint() },
    { primaryKey: ["account_id"] },
  ),
  keys: (event) => event.aggregateId,
  fold: {
    FundsDeposited: (row, { data, revision }, account_id) => ({
      account_id,
      balance: (row?.balance ?? 0n) + data.amount,
      currency: data.currency,
      version: revision,
    }),
  },
});

/** The same under another name, to be rebuilt while the first one is watched. */
export const balancesTwin = defineFoldProjection({
  name: "balances-twin",
  version: 1,
  events: [FundsDeposited],
  table: balances.table,
  keys: (event) => event.aggregateId,
  fold: {
    FundsDeposited: (row, { data, revision }, account_id) => ({
      account_id,
      balance: (row?.balance ?? 0n) + data.amount,
      currency: data.currency,
      version: revision,
    }),
  },
});

export interface BalanceTables {
  balances: { account_id: string; balance: bigint; currency: string; version: bigint };
}

/** The same read model in the handlers form: one statement an event. */
export function balancesByHandlers(partitions: number) {
  return readModel<BalanceTables>().defineProjection({
    name: `balances-by-handlers-${partitions}`,
    version: 1,
    events: [FundsDeposited],
    partitions,
    partitionBy: (event) => event.aggregateId,
    migrations: [
      {
        name: "create balances",
        up: (db) =>
          db.schema
            .createTable("balances")
            .addColumn("account_id", "text", (column) => column.primaryKey())
            .addColumn("balance", "bigint", (column) => column.notNull())
            .addColumn("currency", "text", (column) => column.notNull())
            .addColumn("version", "bigint", (column) => column.notNull())
            .execute(),
      },
    ],
    project: {
      FundsDeposited: (tx, { aggregateId, revision, data }) =>
        tx
          .insertInto("balances")
          .values({
            account_id: aggregateId,
            balance: data.amount,
            currency: data.currency,
            version: revision,
          })
          .onConflict((conflict) =>
            conflict.column("account_id").doUpdateSet((eb) => ({
              balance: eb("balances.balance", "+", eb.ref("excluded.balance")),
              version: eb.ref("excluded.version"),
            })),
          )
          .execute(),
    },
  });
}

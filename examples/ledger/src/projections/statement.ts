import { readModel, type EventData, type RecordedEvent } from "@tidemark/framework";
import { formatDecimal } from "@tidemark/schema-registry/avro";
import { sql, type Kysely } from "kysely";
import { FundsDeposited, FundsWithdrawn } from "../domain/account-events.ts";

interface Tables {
  statement: {
    account_id: string;
    position: bigint;
    at: Date;
    kind: "deposit" | "withdrawal";
    amount: string;
    /** The account's balance after this line. */
    balance: string;
    reference: string | null;
  };
}

type Movement = RecordedEvent<
  "FundsDeposited" | "FundsWithdrawn",
  EventData<typeof FundsDeposited> | EventData<typeof FundsWithdrawn>
>;

/** One line for each movement of each account, with the balance that it led to. */
export const statement = readModel<Tables>().defineProjection({
  name: "statement",
  version: 1,
  events: [FundsDeposited, FundsWithdrawn],
  migrations: [
    {
      name: "create-statement",
      up: (db) =>
        db.schema
          .createTable("statement")
          .addColumn("account_id", "text", (column) => column.notNull())
          .addColumn("position", "bigint", (column) => column.notNull())
          .addColumn("at", "timestamptz", (column) => column.notNull())
          .addColumn("kind", "text", (column) => column.notNull())
          .addColumn("amount", "numeric", (column) => column.notNull())
          .addColumn("balance", "numeric", (column) => column.notNull())
          .addColumn("reference", "text")
          .addPrimaryKeyConstraint("statement_pkey", ["account_id", "position"])
          .execute(),
    },
  ],
  partitionBy: (event) => event.aggregateId,
  project: {
    FundsDeposited: (tx, event) => addLine(tx, event, "deposit"),
    FundsWithdrawn: (tx, event) => addLine(tx, event, "withdrawal"),
  },
});

function addLine(tx: Kysely<Tables>, event: Movement, kind: "deposit" | "withdrawal"): Promise<unknown> {
  const { aggregateId: account_id, position, data, recordedAt } = event;
  const amount = formatDecimal(data.amount);
  const signed = kind === "deposit" ? amount : `-${amount}`;
  return tx
    .insertInto("statement")
    .values((eb) => ({
      account_id,
      position,
      at: data.occurredOn === null ? recordedAt : new Date(data.occurredOn),
      kind,
      amount,
      balance: eb(
        eb.fn.coalesce(
          eb
            .selectFrom("statement")
            .select("balance")
            .where("account_id", "=", account_id)
            .orderBy("position", "desc")
            .limit(1),
          sql<string>`0`,
        ),
        "+",
        signed,
      ),
      reference: data.reference,
    }))
    .execute();
}

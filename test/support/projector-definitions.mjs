// What the projector processes of the tests run, and what the tests compare with: both read the same definitions.
import {
  bigint,
  defineEvent,
  defineFoldProjection,
  defineSubscription,
  defineTable,
  integer,
  readModel,
  text,
} from "@tidemark/framework";
import { sql } from "kysely";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

export const Moved = defineEvent({
  type: "record",
  name: "Moved",
  namespace: "bank",
  fields: [
    { name: "cents", type: "long" },
    { name: "to", type: "string" },
  ],
});

/** Of the next deployment. */
export const MovedV2 = defineEvent(
  {
    type: "record",
    name: "Moved",
    namespace: "bank",
    fields: [
      { name: "cents", type: "long" },
      { name: "to", type: "string" },
      { name: "note", type: "string" },
    ],
  },
  { version: 2, upcaster: { from: Moved, upcast: (data) => ({ ...data, note: "" }) } },
);

/** The amount that a broken account cannot take. */
export const poison = 13n;

/** Says which amounts came, how often each and in which order: one more, one less or a swap gives another digest. */
export function digestAfter(digest, cents) {
  return createHash("md5").update(`${digest}:${cents}`).digest("hex");
}

/**
 * What came to each account. `broken` accounts refuse the poison until the code is fixed; a handler may say with
 * `onHandle` that it has begun, and take `handlerMs` before it writes.
 */
export function digests(options) {
  const { form, version = 1, partitions = 1, broken = [], event = Moved } = options;
  const refuse = (account, cents) => {
    if (cents === poison && broken.includes(account)) throw new Error(`${account} cannot take ${cents}`);
  };
  if (form === "fold") {
    return defineFoldProjection({
      name: "digests",
      version,
      events: [event],
      table: defineTable(
        "digests",
        { account_id: text(), cents: bigint(), moves: integer(), digest: text() },
        { primaryKey: ["account_id"], indexes: [["moves"]] },
      ),
      partitions,
      keys: ({ aggregateId, data }) => [aggregateId, data.to],
      fold: {
        Moved: (row, { data }, account_id) => {
          refuse(account_id, data.cents);
          return {
            account_id,
            cents: (row?.cents ?? 0n) + data.cents,
            moves: (row?.moves ?? 0) + 1,
            digest: digestAfter(row?.digest ?? "", data.cents),
          };
        },
      },
    });
  }
  return readModel().defineProjection({
    name: "digests",
    version,
    events: [event],
    partitions,
    partitionBy: ({ data }) => data.to,
    migrations: [
      {
        name: "create digests",
        up: (db) =>
          db.schema
            .createTable("digests")
            .addColumn("account_id", "text", (column) => column.primaryKey())
            .addColumn("cents", "bigint", (column) => column.notNull())
            .addColumn("moves", "integer", (column) => column.notNull())
            .addColumn("digest", "text", (column) => column.notNull())
            .execute(),
      },
    ],
    project: {
      Moved: async (tx, { data, position }) => {
        options.onHandle?.(position);
        refuse(data.to, data.cents);
        if (options.handlerMs > 0) await delay(options.handlerMs);
        const { cents, to } = data;
        await tx
          .insertInto("digests")
          .values({ account_id: to, cents, moves: 1, digest: digestAfter("", cents) })
          .onConflict((conflict) =>
            conflict.column("account_id").doUpdateSet({
              cents: sql`digests.cents + excluded.cents`,
              moves: sql`digests.moves + 1`,
              digest: sql`md5(digests.digest || ':' || excluded.cents)`,
            }),
          )
          .execute();
      },
    },
  });
}

/** Tells the service of each move, with the key that stays the same; fails at once for the account "throws". */
export function notices({ service, event = Moved, ...settings }) {
  const tell = async ({ data, position }, { key, signal, replaying }) => {
    const { to, cents } = data;
    const body = JSON.stringify({ key, position: String(position), to, cents: String(cents), replaying });
    const response = await fetch(service, { method: "POST", body, signal });
    if (!response.ok) throw new Error(`the service answered ${response.status}`);
  };
  return defineSubscription({
    name: "notices",
    events: [event],
    ...settings,
    handle: {
      Moved: (move, context) => {
        if (move.data.to === "throws") throw new Error("thrown at once");
        return tell(move, context);
      },
    },
  });
}

// A built application as the command is given it. With SUMS_BROKEN its fold fails for 13 cents into account b.
import {
  bigint,
  defineApplication,
  defineEvent,
  defineFoldProjection,
  defineSubscription,
  defineTable,
  integer,
  text,
} from "@tidemark/framework";

const broken = process.env.SUMS_BROKEN === "1";

const Moved = defineEvent({
  type: "record",
  name: "Moved",
  namespace: "bank",
  fields: [
    { name: "cents", type: "long" },
    { name: "to", type: "string" },
  ],
});

const sums = defineFoldProjection({
  name: "sums",
  version: 1,
  events: [Moved],
  table: defineTable(
    "sums",
    { account_id: text(), cents: bigint(), log: text(), moves: integer() },
    { primaryKey: ["account_id"] },
  ),
  keys: ({ aggregateId, data }) => [aggregateId, data.to],
  fold: {
    Moved: (row, { data, aggregateId }, account_id) => {
      if (broken && account_id === "b" && data.cents === 13n) throw new Error(`${account_id} cannot take 13`);
      const out = aggregateId === account_id ? data.cents : 0n;
      const into = data.to === account_id ? data.cents : 0n;
      return {
        account_id,
        cents: (row?.cents ?? 0n) + into - out,
        log: `${row?.log ?? ""}${data.cents},`,
        moves: (row?.moves ?? 0) + 1,
      };
    },
  },
});

const notices = defineSubscription({
  name: "notices",
  events: [Moved],
  handle: { Moved: async () => undefined },
});

export default defineApplication({
  name: "sums",
  aggregates: [],
  projections: [sums],
  subscriptions: [notices],
});

import { bigint, defineFoldProjection, defineTable, integer, text } from "@tidemark/framework";
import { Moved, type BankEvent } from "./bank.ts";

export function moved(account: string, cents: bigint, to: string): BankEvent {
  return { account, event: Moved({ cents, to }) };
}

const table = defineTable(
  "sums",
  { account_id: text(), cents: bigint(), log: text(), moves: integer() },
  { primaryKey: ["account_id"] },
);

/** The money of accounts and the order in which it came; `broken` accounts make the fold fail. */
export function sums(broken: ReadonlySet<string>) {
  return defineFoldProjection({
    name: "sums",
    version: 1,
    events: [Moved],
    table,
    keys: ({ aggregateId, data }) => [aggregateId, data.to],
    fold: {
      Moved: (row, { data, aggregateId }, account_id) => {
        if (broken.has(account_id) && data.cents === 13n) throw new Error(`${account_id} cannot take 13`);
        const cents =
          (aggregateId === account_id ? -data.cents : 0n) + (data.to === account_id ? data.cents : 0n);
        return {
          account_id,
          cents: (row?.cents ?? 0n) + cents,
          log: `${row?.log ?? ""}${data.cents},`,
          moves: (row?.moves ?? 0) + 1,
        };
      },
    },
  });
}

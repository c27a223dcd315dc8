import { defineFoldProjection, defineTable, text } from "@tidemark/framework";
import { Opened, type BankEvent } from "./bank.ts";

export function opened(account: string, owner = "somebody"): BankEvent {
  return { account, event: Opened({ owner }) };
}

/** The owners of accounts; an owner called "throws" makes the fold fail. */
export const ownersByFold = defineFoldProjection({
  name: "owners",
  version: 1,
  events: [Opened],
  table: defineTable("owners", { account_id: text(), owner: text() }, { primaryKey: ["account_id"] }),
  keys: (event) => event.aggregateId,
  fold: {
    Opened: (_, { data }, account_id) => {
      if (data.owner === "throws") throw new Error("the fold does not like this");
      return { account_id, owner: data.owner };
    },
  },
});

import { bigint, defineFoldProjection, defineTable, numeric, text } from "@tidemark/framework";
import { AccountClosed, AccountOpened, FundsDeposited, FundsWithdrawn } from "../domain/account-events.ts";
import { add, negate, zero } from "../domain/exact-decimal.ts";

const table = defineTable(
  "accounts",
  {
    account_id: text(),
    owner: text(),
    currency: text(),
    balance: numeric(),
    status: text(),
    revision: bigint(),
  },
  { primaryKey: ["account_id"] },
);

/** Each account as it stands. */
export const accounts = defineFoldProjection({
  name: "accounts",
  version: 1,
  events: [AccountOpened, FundsDeposited, FundsWithdrawn, AccountClosed],
  table,
  keys: (event) => event.aggregateId,
  fold: {
    AccountOpened: (_, { data: { owner, currency }, revision }, account_id) => ({
      account_id,
      owner,
      currency,
      balance: zero,
      status: "open",
      revision,
    }),
    FundsDeposited: (row, { data, revision }) =>
      row === undefined ? null : { ...row, balance: add(row.balance, data.amount), revision },
    FundsWithdrawn: (row, { data, revision }) =>
      row === undefined ? null : { ...row, balance: add(row.balance, negate(data.amount)), revision },
    AccountClosed: (row, { revision }) => (row === undefined ? null : { ...row, status: "closed", revision }),
  },
});

import { defineAggregate, DomainError } from "@tidemark/framework";
import { formatDecimal, parseDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import { z } from "zod";
import { AccountClosed, AccountOpened, FundsDeposited, FundsWithdrawn } from "./account-events.ts";
import { nonNegativeAmount, positiveAmount } from "./amount.ts";
import { add, negate, zero } from "./exact-decimal.ts";
import { commodity, line } from "./names.ts";

export interface OpenedAccount {
  readonly status: "open" | "closed";
  readonly currency: string;
  readonly balance: Decimal;
  readonly overdraftLimit: Decimal | null;
}

export type State = { readonly status: "none" } | OpenedAccount;

const movement = z.object({
  amount: positiveAmount,
  reference: line(500)
    .nullish()
    .transform((reference) => reference ?? null),
  /** Checked against the account's own when given. */
  currency: commodity.optional(),
  /** Only imports know the day of a transaction. */
  occurredOn: z.iso.date().optional(),
});

/** An account of the bank: it holds one currency and refuses to go below its overdraft limit. */
export const Account = defineAggregate({
  name: "account",
  events: [AccountOpened, FundsDeposited, FundsWithdrawn, AccountClosed],
  initialState: (): State => ({ status: "none" }),
})
  .evolve({
    AccountOpened: (_, { currency, overdraftLimit }) => ({
      status: "open",
      currency,
      balance: zero,
      overdraftLimit,
    }),
    FundsDeposited: (state, { amount }) => move(state, amount),
    FundsWithdrawn: (state, { amount }) => move(state, negate(amount)),
    AccountClosed: (state) => (state.status === "none" ? state : { ...state, status: "closed" }),
  })
  .commands({
    open: {
      input: z.object({
        owner: line(200).min(1, { error: "must not be empty" }),
        currency: commodity,
        overdraftLimit: nonNegativeAmount
          .nullable()
          .optional()
          .transform((limit) => (limit === undefined ? "0" : limit)),
      }),
      decide: (state, { overdraftLimit: limit, ...account }, { id }) => {
        const overdraftLimit = limit === null ? null : parseDecimal(limit);
        if (state.status === "none") return AccountOpened({ ...account, overdraftLimit });
        if (state.status === "closed") throw closed(id);
        throw new DomainError("account-already-open", `The account ${id} is already open`, {
          kind: "conflict",
        });
      },
    },
    deposit: {
      input: movement,
      decide: (state, input, { id }) => {
        const { currency } = openAccount(state, id, input.currency);
        const { reference, occurredOn = null } = input;
        const amount = parseDecimal(input.amount);
        return FundsDeposited({ amount, currency, reference, occurredOn });
      },
    },
    withdraw: {
      input: movement,
      decide: (state, input, { id }) => {
        const account = openAccount(state, id, input.currency);
        const { reference, occurredOn = null } = input;
        const amount = parseDecimal(input.amount);
        checkFunds(account, amount, id);
        return FundsWithdrawn({ amount, currency: account.currency, reference, occurredOn });
      },
    },
    close: {
      input: z.object({}),
      decide: (state, _, { id }) => AccountClosed({ currency: openAccount(state, id).currency }),
    },
  });

function move(state: State, amount: Decimal): State {
  return state.status === "none" ? state : { ...state, balance: add(state.balance, amount) };
}

function openAccount(state: State, id: string, currency?: string): OpenedAccount {
  if (state.status === "none") {
    throw new DomainError("account-not-found", `There is no account ${id}`, { kind: "not-found" });
  }
  if (state.status === "closed") throw closed(id);
  if (currency !== undefined && currency !== state.currency) {
    throw new DomainError("currency-mismatch", `The account ${id} holds ${state.currency}, not ${currency}`);
  }
  return state;
}

function checkFunds({ balance, overdraftLimit, currency }: OpenedAccount, amount: Decimal, id: string): void {
  if (overdraftLimit === null || add(add(balance, overdraftLimit), negate(amount)).unscaled >= 0n) return;
  throw new DomainError(
    "insufficient-funds",
    `The account ${id} holds ${formatDecimal(balance)} ${currency} and may be overdrawn by ` +
      `${formatDecimal(overdraftLimit)}: that does not cover ${formatDecimal(amount)}`,
  );
}

function closed(id: string): DomainError {
  return new DomainError("account-closed", `The account ${id} is closed`, { kind: "conflict" });
}

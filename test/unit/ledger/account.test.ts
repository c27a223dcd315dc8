import { testAggregate } from "@tidemark/framework/testing";
import { parseDecimal } from "@tidemark/schema-registry/avro";
import { describe, expect, test } from "vitest";
import {
  AccountClosed,
  AccountOpened,
  FundsDeposited,
  FundsWithdrawn,
} from "../../../examples/ledger/src/domain/account-events.ts";
import { Account } from "../../../examples/ledger/src/domain/account.ts";

function opened(overdraftLimit: string | null = "0", currency = "EUR") {
  const limit = overdraftLimit === null ? null : parseDecimal(overdraftLimit);
  return AccountOpened({ owner: "Ada", currency, overdraftLimit: limit });
}

function deposited(amount: string) {
  return FundsDeposited({ amount: parseDecimal(amount), currency: "EUR", reference: null, occurredOn: null });
}

function withdrawn(amount: string) {
  return FundsWithdrawn({ amount: parseDecimal(amount), currency: "EUR", reference: null, occurredOn: null });
}

const closed = AccountClosed({ currency: "EUR" });
const account = testAggregate(Account, "a-1");

describe("opening", () => {
  test("without a limit the account may not be overdrawn, null is without end", () => {
    account.when("open", { owner: "Ada", currency: "EUR" }).then([opened("0")]);
    account
      .when("open", { owner: "Ada", currency: "EUR", overdraftLimit: "250.00" })
      .then([opened("250.00")]);
    account.when("open", { owner: "Ada", currency: "EUR", overdraftLimit: null }).then([opened(null)]);
  });

  test("is refused for an account that is open, whoever owns it, or closed", () => {
    account
      .given([opened()])
      .when("open", { owner: "Bob", currency: "USD" })
      .thenRefused("account-already-open");
    account
      .given([opened(), closed])
      .when("open", { owner: "Ada", currency: "EUR" })
      .thenRefused("account-closed");
  });
});

describe("moving money", () => {
  test("records amount, currency, reference and the day of an import", () => {
    account
      .given([opened()])
      .when("deposit", { amount: "10.00", reference: "salary", occurredOn: "1993-02-28" })
      .then([
        FundsDeposited({
          amount: { unscaled: 1_000n, scale: 2 },
          currency: "EUR",
          reference: "salary",
          occurredOn: "1993-02-28",
        }),
      ]);
    account
      .given([opened(), deposited("10")])
      .when("withdraw", { amount: "4.5" })
      .then([withdrawn("4.5")]);
  });

  test.each(["deposit", "withdraw", "close"] as const)("%s needs an open account", (command) => {
    const input = { amount: "1" };
    account.when(command, input).thenRefused("account-not-found");
    account
      .given([opened(null), closed])
      .when(command, input)
      .thenRefused("account-closed");
  });

  test.each(["deposit", "withdraw"] as const)("%s in another currency is refused", (command) => {
    const from = account.given([opened(null)]);
    from.when(command, { amount: "1", currency: "USD" }).thenRefused("currency-mismatch");
    from
      .when(command, { amount: "1", currency: "EUR" })
      .then([(command === "deposit" ? deposited : withdrawn)("1")]);
  });

  test("a withdrawal goes down to the overdraft limit and not one unit of the last place further", () => {
    const from = account.given([opened("5.00"), deposited("10.00")]);
    from.when("withdraw", { amount: "15.00" }).then([withdrawn("15.00")]);
    from.when("withdraw", { amount: "15" }).then([withdrawn("15")]);
    from
      .when("withdraw", { amount: "15.000000000000000000000000000000000001" })
      .thenRefused("insufficient-funds");
  });

  test("what was withdrawn counts against the next withdrawal, whatever the scales", () => {
    account
      .given([opened(), deposited("0.3"), withdrawn("0.1"), withdrawn("0.10")])
      .when("withdraw", { amount: "0.1" })
      .then([withdrawn("0.1")]);
    account
      .given([opened(), deposited("0.3"), withdrawn("0.1"), withdrawn("0.1000")])
      .when("withdraw", { amount: "0.1001" })
      .thenRefused("insufficient-funds");
  });

  test("without a limit 38 digits below zero are no obstacle", () => {
    const most = "9".repeat(38);
    account
      .given([opened(null), withdrawn(most)])
      .when("withdraw", { amount: most })
      .then([withdrawn(most)]);
  });
});

describe("closing", () => {
  test("keeps the balance for the record", () => {
    account
      .given([opened(), deposited("1")])
      .when("close", {})
      .then([closed]);
  });
});

describe("fields that break a rule", () => {
  const command = (input: object) => () =>
    account.when("open", { owner: "Ada", currency: "EUR", ...input }).then([]);

  test.each([
    ["owner", { owner: "" }, "must not be empty"],
    ["owner", { owner: "x".repeat(201) }, "at most 200"],
    ["owner", { owner: "a\nb" }, "control characters"],
    ["owner", { owner: "a\u0000b" }, "control characters"],
    ["owner", { owner: "\ud800" }, "control characters"],
    ["currency", { currency: "" }, "must not be empty"],
    ["currency", { currency: "x".repeat(65) }, "at most 64"],
    ["overdraftLimit", { overdraftLimit: "-1" }, "must not be negative"],
    ["overdraftLimit", { overdraftLimit: "ten" }, "decimal string"],
  ])("%s: %j", (field, input, message) => {
    expect(command(input)).toThrow(
      expect.objectContaining({
        code: "validation-failed",
        errors: [expect.objectContaining({ field, message: expect.stringContaining(message) })],
      }),
    );
  });
});

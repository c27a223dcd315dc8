import { defineEvent } from "@tidemark/framework";

const decimal = { type: "bytes", logicalType: "big-decimal" } as const;

export const AccountOpened = defineEvent({
  type: "record",
  name: "AccountOpened",
  namespace: "ledger",
  fields: [
    { name: "owner", type: "string" },
    { name: "currency", type: "string" },
    {
      name: "overdraftLimit",
      doc: "How far below zero the balance may go; null is without limit",
      type: ["null", decimal],
      default: null,
    },
  ],
});

export const FundsDeposited = defineEvent({
  type: "record",
  name: "FundsDeposited",
  namespace: "ledger",
  fields: [
    { name: "amount", type: decimal },
    { name: "currency", type: "string" },
    { name: "reference", type: ["null", "string"], default: null },
    {
      name: "occurredOn",
      doc: "The day in the source of an import; null is the day of recording",
      type: ["null", { type: "int", logicalType: "date" }],
      default: null,
    },
  ],
});

export const FundsWithdrawn = defineEvent({
  type: "record",
  name: "FundsWithdrawn",
  namespace: "ledger",
  fields: [
    { name: "amount", type: decimal },
    { name: "currency", type: "string" },
    { name: "reference", type: ["null", "string"], default: null },
    { name: "occurredOn", type: ["null", { type: "int", logicalType: "date" }], default: null },
  ],
});

export const AccountClosed = defineEvent({
  type: "record",
  name: "AccountClosed",
  namespace: "ledger",
  fields: [{ name: "currency", type: "string" }],
});

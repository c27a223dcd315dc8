// Compiled by `tsc -b`, never run: each @ts-expect-error is a mistake that a user's compiler must refuse.
import {
  createApplication,
  defineAggregate,
  defineApplication,
  defineEvent,
  type EventData,
} from "@tidemark/framework";
import { testAggregate } from "@tidemark/framework/testing";
import { expectTypeOf } from "vitest";
import { z } from "zod";

const Opened = defineEvent({
  type: "record",
  name: "Opened",
  namespace: "shop",
  fields: [
    { name: "owner", type: "string" },
    { name: "currency", type: { type: "enum", name: "Currency", symbols: ["EUR", "USD"] } },
  ],
});
const Deposited = defineEvent(
  {
    type: "record",
    name: "Deposited",
    namespace: "shop",
    fields: [
      { name: "amount", type: "long" },
      { name: "memo", type: ["null", "string"], default: null },
    ],
  },
  { rules: z.object({ amount: z.bigint().positive() }) },
);
const Foreign = defineEvent({ type: "record", name: "Foreign", fields: [] });

expectTypeOf<EventData<typeof Opened>>().toEqualTypeOf<{ owner: string; currency: "EUR" | "USD" }>();
expectTypeOf<EventData<typeof Deposited>>().toEqualTypeOf<{ amount: bigint; memo: string | null }>();
expectTypeOf(Opened.type).toEqualTypeOf<"Opened">();

// @ts-expect-error a long is a bigint
Deposited({ amount: 1, memo: null });
// @ts-expect-error the currency is none of the enum's symbols
Opened({ owner: "Ada", currency: "GBP" });
// @ts-expect-error a field is missing
Opened({ owner: "Ada" });
defineEvent(
  { type: "record", name: "Wrong", fields: [{ name: "amount", type: "long" }] },
  // @ts-expect-error the rules do not accept the Avro type
  { rules: z.object({ amount: z.number() }) },
);

type State = { status: "none" } | { status: "open"; balance: bigint };
const base = defineAggregate({
  name: "account",
  events: [Opened, Deposited],
  initialState: (): State => ({ status: "none" }),
});
// @ts-expect-error Deposited has no handler
base.evolve({ Opened: () => ({ status: "open", balance: 0n }) });

const evolving = base.evolve({
  Opened: () => ({ status: "open", balance: 0n }),
  Deposited: (state, { amount }, event) => {
    expectTypeOf(amount).toEqualTypeOf<bigint>();
    expectTypeOf(event.type).toEqualTypeOf<"Deposited">();
    return state.status === "open" ? { ...state, balance: state.balance + amount } : state;
  },
});
evolving.commands({
  // @ts-expect-error a decision returns only events of its own aggregate
  open: { input: z.object({}), decide: () => Foreign({}) },
});
const Account = evolving.commands({
  open: {
    input: z.object({ owner: z.string(), currency: z.enum(["EUR", "USD"]) }),
    decide: (state, input) => (state.status === "open" ? [] : Opened(input)),
  },
  deposit: {
    input: z.object({ amount: z.string().transform(BigInt) }),
    decide: (_, { amount }) => {
      expectTypeOf(amount).toEqualTypeOf<bigint>();
      return [Deposited({ amount, memo: null })];
    },
  },
});
const Other = defineAggregate({ name: "other", events: [Foreign], initialState: () => ({}) })
  .evolve({ Foreign: (state) => state })
  .commands({});

export async function usage(options: Parameters<typeof createApplication>[1]): Promise<void> {
  const application = createApplication(defineApplication({ name: "shop", aggregates: [Account] }), options);
  await application.execute(Account, "1", "deposit", { amount: "10" });
  // @ts-expect-error no such command
  await application.execute(Account, "1", "burn", {});
  // @ts-expect-error the input is a string before it is parsed
  await application.execute(Account, "1", "deposit", { amount: 10n });
  // @ts-expect-error an aggregate of another application
  await application.execute(Other, "1", "x", {});
  testAggregate(Account)
    .given([Opened({ owner: "Ada", currency: "EUR" })])
    .when("deposit", { amount: "1" });
  // @ts-expect-error no such command
  testAggregate(Account).when("burn", {});
}

// Two versions of one event: handlers see the newest shape, the first deploy still writes the old one.
const Moved = defineEvent({
  type: "record",
  name: "Moved",
  namespace: "shop",
  fields: [{ name: "to", type: "string" }],
});
const upcaster = { from: Moved, upcast: ({ to }: { to: string }) => ({ street: to, city: "" }) };
const shape = {
  type: "record",
  name: "Moved",
  namespace: "shop",
  fields: [
    { name: "street", type: "string" },
    { name: "city", type: "string" },
  ],
} as const;
const MovedFirstDeploy = defineEvent(shape, { version: 2, write: 1, upcaster });
const MovedSecondDeploy = defineEvent(shape, { version: 2, upcaster });
expectTypeOf<EventData<typeof MovedFirstDeploy>>().toEqualTypeOf<{ street: string; city: string }>();
MovedFirstDeploy({ to: "here" });
MovedSecondDeploy({ street: "Main", city: "Here" });
// @ts-expect-error the first deploy writes version 1
MovedFirstDeploy({ street: "Main", city: "Here" });
// @ts-expect-error the upcaster must give the newest shape
defineEvent(shape, { version: 2, upcaster: { from: Moved, upcast: () => ({ street: 1 }) } });

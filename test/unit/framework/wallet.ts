import {
  createApplication,
  defineAggregate,
  defineApplication,
  defineEvent,
  DomainError,
  type ApplicationOptions,
  type EventStore,
} from "@tidemark/framework";
import { z } from "zod";

const namespace = "wallet";

const Opened = defineEvent({
  type: "record",
  name: "Opened",
  namespace,
  fields: [{ name: "owner", type: "string" }],
});

const Added = defineEvent(
  { type: "record", name: "Added", namespace, fields: [{ name: "amount", type: "long" }] },
  { rules: z.object({ amount: z.bigint().max(1_000_000n, { error: "must be at most a million" }) }) },
);

interface State {
  readonly open: boolean;
  readonly balance: bigint;
  readonly events: number;
}

const amount = z.codec(z.string().regex(/^\d+$/), z.bigint(), { decode: BigInt, encode: String });

/** A small aggregate with every kind of decision: one event, several, none, and refusals of each kind. */
export const Wallet = defineAggregate({
  name: "wallet",
  events: [Opened, Added],
  initialState: (): State => ({ open: false, balance: 0n, events: 0 }),
})
  .evolve({
    Opened: (state) => ({ ...state, open: true, events: state.events + 1 }),
    Added: (state, { amount: added }) => ({
      ...state,
      balance: state.balance + added,
      events: state.events + 1,
    }),
  })
  .commands({
    open: {
      input: z.object({ owner: z.string().min(1), note: z.string().optional() }),
      decide: (state, { owner }, { id }) => {
        if (!state.open) return Opened({ owner });
        throw new DomainError("already-open", `The wallet ${id} is open`, {
          kind: "conflict",
          details: { balance: String(state.balance) },
        });
      },
    },
    add: {
      input: z.object({ amount, times: z.int().min(0).max(2_000).default(1) }),
      decide: (_, { amount: added, times }) => Array.from({ length: times }, () => Added({ amount: added })),
    },
    spend: {
      input: z.object({ amount }),
      decide: ({ balance }, { amount: spent }) => {
        if (spent <= balance) return Added({ amount: -spent });
        throw new DomainError("too-little", `There are ${balance}, not ${spent}`);
      },
    },
    fail: {
      input: z.object({}),
      decide: () => {
        throw new TypeError("a mistake in decide");
      },
    },
  });

export const walletDefinition = defineApplication({ name: "wallets", aggregates: [Wallet] });

/** A started application over a store that the test keeps; another one over the same store is a restart, or a second node. */
export async function startWallets(
  eventStore: EventStore,
  options: Omit<Partial<ApplicationOptions>, "storage"> = {},
) {
  const application = createApplication(walletDefinition, {
    registry: null,
    ...options,
    storage: { eventStore },
  });
  await application.start();
  return application;
}

/** The store with another `append`; everything else goes to the real one. */
export function withAppend(store: EventStore, append: EventStore["append"]): EventStore {
  return new Proxy(store, {
    get(target, key) {
      if (key === "append") return append;
      const member: unknown = Reflect.get(target, key);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

export async function countEvents(store: EventStore, streamId: string): Promise<number> {
  let count = 0;
  for await (const event of store.readStream(streamId)) count += event.type === "" ? 0 : 1;
  return count;
}

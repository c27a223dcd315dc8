import { randomUUID } from "node:crypto";
import {
  DeadLetters,
  bigint,
  defineEvent,
  defineFoldProjection,
  defineTable,
  EventSerializer,
  integer,
  ProjectionSupervisor,
  readModel,
  text,
  type AnyProjection,
  type NewEvent,
  type ProjectionSupervisorOptions,
  SubscriptionSupervisor,
  type EventStore,
  type SubscriptionDefinition,
} from "@tidemark/framework";
import { PostgresEventStore, PostgresProjectionStore } from "@tidemark/framework/postgres";

export const Opened = defineEvent({
  type: "record",
  name: "Opened",
  namespace: "bank",
  fields: [{ name: "owner", type: "string" }],
});

/** From the account of the stream to another one: touches two rows. */
export const Moved = defineEvent({
  type: "record",
  name: "Moved",
  namespace: "bank",
  fields: [
    { name: "cents", type: "long" },
    { name: "to", type: "string" },
  ],
});

export const Closed = defineEvent({ type: "record", name: "Closed", namespace: "bank", fields: [] });

/** In no projection of this file. */
export const Noted = defineEvent({
  type: "record",
  name: "Noted",
  namespace: "bank",
  fields: [{ name: "text", type: "string" }],
});

export const bankEvents = [Opened, Moved, Closed, Noted] as const;

const accountColumns = { account_id: text(), owner: text(), cents: bigint(), moves: integer() };

const blank = { owner: "", cents: 0n, moves: 0 };

/** Balances of accounts in the fold form; a closed account has no row. */
export function accountsFold<const Version extends number>(version: Version) {
  return defineFoldProjection({
    name: "accounts",
    version,
    events: [Opened, Moved, Closed],
    table: defineTable("accounts", accountColumns, { primaryKey: ["account_id"], indexes: [["owner"]] }),
    keys: (event) => (event.type === "Moved" ? [event.aggregateId, event.data.to] : event.aggregateId),
    fold: {
      Opened: (row, { data }, account_id) => ({ ...(row ?? { ...blank, account_id }), owner: data.owner }),
      Moved: (row, { data, aggregateId }, account_id) => {
        const before = row ?? { ...blank, account_id };
        const out = account_id === aggregateId ? data.cents : 0n;
        const into = account_id === data.to ? data.cents : 0n;
        return { ...before, cents: before.cents + into - out, moves: before.moves + 1 };
      },
      Closed: () => null,
    },
  });
}

interface AccountTables {
  accounts: { account_id: string; owner: string; cents: bigint; moves: number };
}

/** The same balances in the handlers form. */
export const accountsHandlers = readModel<AccountTables>().defineProjection({
  name: "accounts-by-handlers",
  version: 1,
  events: [Opened, Moved, Closed],
  migrations: [
    {
      name: "create accounts",
      up: (db) =>
        db.schema
          .createTable("accounts")
          .addColumn("account_id", "text", (column) => column.primaryKey())
          .addColumn("owner", "text", (column) => column.notNull())
          .addColumn("cents", "bigint", (column) => column.notNull())
          .addColumn("moves", "integer", (column) => column.notNull())
          .execute(),
    },
  ],
  project: {
    Opened: (tx, { aggregateId, data }) =>
      tx
        .insertInto("accounts")
        .values({ account_id: aggregateId, owner: data.owner, cents: 0n, moves: 0 })
        .onConflict((conflict) => conflict.column("account_id").doUpdateSet({ owner: data.owner }))
        .execute(),
    Moved: async (tx, { aggregateId, data }) => {
      const changes = new Map<string, bigint>([[aggregateId, -data.cents]]);
      changes.set(data.to, (changes.get(data.to) ?? 0n) + data.cents);
      for (const [account_id, cents] of changes) {
        await tx
          .insertInto("accounts")
          .values({ account_id, owner: "", cents, moves: 1 })
          .onConflict((conflict) =>
            conflict.column("account_id").doUpdateSet((eb) => ({
              cents: eb("accounts.cents", "+", eb.ref("excluded.cents")),
              moves: eb("accounts.moves", "+", 1),
            })),
          )
          .execute();
      }
    },
    Closed: (tx, { aggregateId }) =>
      tx.deleteFrom("accounts").where("account_id", "=", aggregateId).execute(),
  },
});

export interface BankEvent {
  readonly account: string;
  readonly event: NewEvent;
}

/** Repeatable: the same seed gives the same history. */
export function bankHistory(count: number, options: { accounts?: number; seed?: number } = {}): BankEvent[] {
  const { accounts = 100, seed = 1 } = options;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => {
    const account = `a${random(accounts)}`;
    const kind = random(20);
    if (kind === 0) return { account, event: Closed({}) };
    if (kind < 4) return { account, event: Opened({ owner: `owner ${random(1_000)}` }) };
    if (kind === 4) return { account, event: Noted({ text: "nothing" }) };
    return { account, event: Moved({ cents: BigInt(random(10_000)), to: `a${random(accounts)}` }) };
  });
}

export interface AccountRow {
  readonly account_id: string;
  readonly owner: string;
  readonly cents: bigint;
  readonly moves: number;
}

/** What the read models must say after this history: computed without the framework. */
export function expectedAccounts(history: readonly BankEvent[]): AccountRow[] {
  const rows = new Map<string, { owner: string; cents: bigint; moves: number }>();
  const of = (account: string) => {
    const row = rows.get(account) ?? { owner: "", cents: 0n, moves: 0 };
    rows.set(account, row);
    return row;
  };
  for (const { account, event } of history) {
    // The history is made of these definitions alone.
    const data = event.data as { owner: string; cents: bigint; to: string };
    if (event.type === "Opened") of(account).owner = data.owner;
    if (event.type === "Closed") rows.delete(account);
    if (event.type !== "Moved") continue;
    of(account).cents -= data.cents;
    of(data.to).cents += data.cents;
    for (const touched of new Set([account, data.to])) of(touched).moves += 1;
  }
  return [...rows]
    .map(([account_id, row]) => ({ account_id, ...row }))
    .toSorted((a, b) => (a.account_id < b.account_id ? -1 : 1));
}

/** The stores of one process over a database, its supervisors and what a test does with them. */
export class Bank implements AsyncDisposable {
  readonly eventStore: PostgresEventStore;
  readonly store: PostgresProjectionStore;
  readonly serializer = new EventSerializer(bankEvents);
  readonly #supervisors: (ProjectionSupervisor | SubscriptionSupervisor)[] = [];

  constructor(connectionString: string, readModels: string = connectionString) {
    this.eventStore = new PostgresEventStore({ connectionString });
    this.store = new PostgresProjectionStore({ connectionString: readModels, dropDelayMs: 50 });
  }

  static async open(connectionString: string, readModels: string = connectionString): Promise<Bank> {
    const bank = new Bank(connectionString, readModels);
    await bank.eventStore.open();
    await bank.store.open();
    return bank;
  }

  supervisor(
    definitions: readonly AnyProjection[],
    options: Partial<ProjectionSupervisorOptions> = {},
  ): ProjectionSupervisor {
    const supervisor = new ProjectionSupervisor({
      definitions,
      eventStore: this.eventStore,
      serializer: this.serializer,
      store: this.store,
      applicationName: "bank",
      ...options,
    });
    this.#supervisors.push(supervisor);
    return supervisor;
  }

  subscriptions(
    definitions: readonly SubscriptionDefinition[],
    eventStore: EventStore = this.eventStore,
  ): SubscriptionSupervisor {
    const { serializer, store } = this;
    const options = { definitions, eventStore, serializer, store, applicationName: "bank", leaseMs: 500 };
    const supervisor = new SubscriptionSupervisor(options);
    this.#supervisors.push(supervisor);
    return supervisor;
  }

  /** The parked events of a supervisor's projections, and of the subscriptions of another one. */
  deadLetters(
    projections: ProjectionSupervisor | null,
    subscriptions: SubscriptionSupervisor | null = null,
  ): DeadLetters {
    return new DeadLetters({
      store: this.store.deadLetters,
      eventStore: this.eventStore,
      serializer: this.serializer,
      sources: async (name) => [
        ...((await projections?.deadLetterSources(name)) ?? []),
        ...(subscriptions?.deadLetterSources(name) ?? []),
      ],
    });
  }

  /** Appends in order; answers the position of the last one. */
  async append(history: readonly BankEvent[]): Promise<bigint> {
    let position = 0n;
    for (let from = 0; from < history.length;) {
      // One call takes any number of streams, but each only once.
      const streams = new Map<string, BankEvent>();
      for (const entry of history.slice(from, from + 500)) {
        if (streams.has(entry.account)) break;
        streams.set(entry.account, entry);
      }
      from += streams.size;
      position = await this.#appendOne([...streams.values()]);
    }
    return position;
  }

  async #appendOne(history: readonly BankEvent[]): Promise<bigint> {
    const context = {
      correlationId: null,
      causationId: null,
      metadata: { actor: null, traceparent: null, user: {} },
    };
    const outcome = await this.eventStore.appendMany(
      history.map(({ account, event }) => ({
        streamId: `account-${account}`,
        events: [this.serializer.encode(event, randomUUID(), context)],
      })),
    );
    if (outcome.status !== "appended" || outcome.position === null) throw new Error(outcome.status);
    return outcome.position;
  }

  /** May be repeated. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const supervisor of this.#supervisors) await supervisor.close();
    await this.store.close();
    await this.eventStore.close();
  }
}

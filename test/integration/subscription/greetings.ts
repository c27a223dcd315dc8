import {
  defineSubscription,
  type SubscriptionSupervisor,
  type HandlerContext,
  type SubscriptionDefinition,
} from "@tidemark/framework";
import { Bank, Opened } from "../../support/bank.ts";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const quick = { steps: 2, duration: 5, factor: 1, jitter: 0, cap: 50 };

/** A bank over a database of its own, and supervisors of subscriptions to it. */
export class Greetings implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly bank: Bank;

  private constructor(database: TestDatabase, bank: Bank) {
    this.database = database;
    this.bank = bank;
  }

  static async open(): Promise<Greetings> {
    const database = await createTestDatabase({ template: eventStoreTemplate });
    return new Greetings(database, await Bank.open(database.connectionString));
  }

  supervise(...definitions: SubscriptionDefinition[]): SubscriptionSupervisor {
    return this.bank.subscriptions(definitions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bank[Symbol.asyncDispose]();
    await this.database.drop();
  }
}

export type Call = readonly [owner: string, replaying: boolean, attempt: number];

export function greeting(
  calls: Call[],
  options: Partial<SubscriptionDefinition> = {},
  handle: (owner: string, context: HandlerContext) => unknown = () => {},
) {
  const { from, onReplay, partitions, timeoutMs } = options;
  return defineSubscription({
    name: "greeting",
    events: [Opened],
    retry: quick,
    ...(from === undefined ? {} : { from }),
    ...(onReplay === undefined ? {} : { onReplay }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    handle: {
      Opened: ({ data }, context) => {
        calls.push([data.owner, context.replaying, context.attempt]);
        return handle(data.owner, context);
      },
    },
  });
}

export async function caughtUp(supervisor: SubscriptionSupervisor, position: bigint): Promise<void> {
  await waitFor(async () =>
    (await supervisor.status()).every(({ positions }) => positions.every((at) => at.position >= position)),
  );
}

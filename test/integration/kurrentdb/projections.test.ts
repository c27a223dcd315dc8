import { randomUUID } from "node:crypto";
import { EventStoreDBClient } from "@eventstore/db-client";
import { EventSerializer, ProjectionSupervisor, type AnyProjection } from "@tidemark/framework";
import { kurrentDbStorage } from "@tidemark/framework/kurrentdb";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { startKurrentDbTestNode, type KurrentDbTestNode } from "@tidemark/framework/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  accountsFold,
  accountsHandlers,
  bankHistory,
  Closed,
  expectedAccounts,
  Moved,
  Noted,
  Opened,
  type BankEvent,
} from "../../support/bank.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const serializer = new EventSerializer([Opened, Moved, Closed, Noted]);
const balances = accountsFold(1);
const columns = ["account_id", "owner", "cents", "moves"] as const;
const history = bankHistory(400, { accounts: 12 });

let database: TestDatabase;
let node: KurrentDbTestNode;
let bank: ReturnType<typeof openBank>;
beforeEach(async () => {
  database = await createTestDatabase();
  node = await startKurrentDbTestNode();
  bank = openBank();
  await bank.open();
});
afterEach(async () => {
  await bank.close();
  await node.close();
  await database.drop();
});

/** What one process has: events on the node, read models in PostgreSQL. */
function openBank() {
  const client = EventStoreDBClient.connectionString(node.connectionString);
  const { connectionString } = database;
  const { eventStore, projectionStore } = kurrentDbStorage({
    client,
    projectionStore: new PostgresProjectionStore({ connectionString, dropDelayMs: 50 }),
  });
  const supervisors: ProjectionSupervisor[] = [];
  return {
    eventStore,
    open: async () => {
      await eventStore.open();
      await projectionStore.open();
    },
    close: async () => {
      for (const supervisor of supervisors) await supervisor.close();
      await projectionStore.close();
      await eventStore.close();
      await client.dispose();
    },
    supervisor: (definitions: readonly AnyProjection[], errors: object[] = []) => {
      const supervisor = new ProjectionSupervisor({
        definitions,
        eventStore,
        serializer,
        store: projectionStore,
        applicationName: "bank",
        logger: { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) },
      });
      supervisors.push(supervisor);
      return supervisor;
    },
    append: async (events: readonly BankEvent[]) => {
      const metadata = { actor: null, traceparent: null, user: {} };
      for (const { account, event } of events) {
        const encoded = serializer.encode(event, randomUUID(), {
          correlationId: null,
          causationId: null,
          metadata,
        });
        const outcome = await eventStore.append(`account-${account}`, [encoded]);
        expect(outcome.status).toBe("appended");
      }
    },
  };
}

async function rows(supervisor: ProjectionSupervisor): Promise<readonly object[]> {
  const { db } = await supervisor.query(balances);
  return db.selectFrom("accounts").select(columns).orderBy("account_id").execute();
}

async function shows(supervisor: ProjectionSupervisor, events: readonly BankEvent[]): Promise<void> {
  const expected = expectedAccounts(events);
  await waitFor(async () => {
    expect(await rows(supervisor)).toEqual(expected);
    return true;
  });
}

test("read models follow the log through interruptions, and are rebuilt from it", async () => {
  await bank.append(history.slice(0, 200));
  const supervisor = bank.supervisor([balances, accountsHandlers]);
  node.faults.next({ kind: "break-read", stream: "$all", afterEvents: 90 });
  await supervisor.start();
  await supervisor.whenReady();
  await shows(supervisor, history.slice(0, 200));
  await bank.append(history.slice(200, 300));
  node.disconnect();
  await bank.append(history.slice(300));
  await shows(supervisor, history);
  await supervisor.rebuild("accounts");
  await shows(supervisor, history);
  const { db } = await supervisor.query(accountsHandlers);
  expect(await db.selectFrom("accounts").select(columns).orderBy("account_id").execute()).toEqual(
    expectedAccounts(history),
  );
});

test("read models of another cluster stop with log-diverged until they are rebuilt", async () => {
  await bank.append(history.slice(0, 50));
  const before = bank.supervisor([balances]);
  await before.start();
  await before.whenReady();
  await bank.close();
  await node.close();

  node = await startKurrentDbTestNode();
  bank = openBank();
  await bank.open();
  await bank.append(history.slice(50, 100));
  const errors: object[] = [];
  const supervisor = bank.supervisor([balances], errors);
  await supervisor.start();
  await waitFor(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ err: { code: "log-diverged" } });
  await supervisor.rebuild("accounts");
  await shows(supervisor, history.slice(50, 100));
});

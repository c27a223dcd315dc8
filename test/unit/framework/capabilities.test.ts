import { createApplication, defineApplication, type EventStoreCapabilities } from "@tidemark/framework";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { expect, test } from "vitest";
import { accountsFold } from "../../support/bank.ts";
import { startWallets, Wallet } from "./wallet.ts";

const capabilities: readonly (keyof EventStoreCapabilities)[] = [
  "multiStreamAppend",
  "appendConditions",
  "transactionalIdempotency",
  "commitOrderPositions",
  "erasure",
];

test.each(capabilities)("an application that requires %s is refused by a store without it", (capability) => {
  const definition = defineApplication({ name: "wallets", aggregates: [Wallet], requires: [capability] });
  const create = (without: readonly (keyof EventStoreCapabilities)[]) => () =>
    createApplication(definition, {
      registry: null,
      storage: { eventStore: inMemoryEventStore({ without }) },
    });
  expect(create([capability])).toThrow(
    expect.objectContaining({ code: "capability-missing", message: expect.stringContaining(capability) }),
  );
  expect(create(capabilities.filter((other) => other !== capability))).not.toThrow();
});

test("an application with projections is refused by a store whose positions are not in commit order", () => {
  const definition = defineApplication({
    name: "wallets",
    aggregates: [Wallet],
    projections: [accountsFold(1)],
  });
  const projectionStore = new PostgresProjectionStore({ connectionString: "postgres://127.0.0.1:1/none" });
  const create = (without: readonly (keyof EventStoreCapabilities)[]) => () =>
    createApplication(definition, {
      registry: null,
      storage: { eventStore: inMemoryEventStore({ without }), projectionStore },
    });
  expect(create(["commitOrderPositions"])).toThrow(
    expect.objectContaining({
      code: "capability-missing",
      message: expect.stringContaining("commitOrderPositions"),
    }),
  );
  expect(create(["multiStreamAppend", "transactionalIdempotency", "erasure"])).not.toThrow();
});

test("an application with projections is refused by a storage that keeps no read models", () => {
  const definition = defineApplication({
    name: "wallets",
    aggregates: [Wallet],
    projections: [accountsFold(1)],
  });
  const create = () =>
    createApplication(definition, { registry: null, storage: { eventStore: inMemoryEventStore() } });
  expect(create).toThrow(expect.objectContaining({ code: "capability-missing" }));
});

test("a command's result names the revisions of a stream that was deleted and goes on", async () => {
  const store = inMemoryEventStore();
  await using application = await startWallets(store);
  await application.execute(Wallet, "1", "open", { owner: "Ada" });
  await application.execute(Wallet, "1", "add", { amount: "7", times: 2 });
  await store.deleteStream("wallet-1");
  const reopened = await application.execute(Wallet, "1", "open", { owner: "Eve" });
  expect(reopened).toMatchObject({ revision: 3n, events: [{ revision: 3n }] });
  const keyed = { idempotencyKey: "k" };
  const first = await application.execute(Wallet, "1", "add", { amount: "1", times: 2 }, keyed);
  expect(first).toMatchObject({ revision: 5n, events: [{ revision: 4n }, { revision: 5n }] });
  const again = await application.execute(Wallet, "1", "add", { amount: "1", times: 2 }, keyed);
  expect(again).toMatchObject({ revision: 5n, replayed: true, events: first.events });
  await expect(application.execute(Wallet, "1", "spend", { amount: "3" })).rejects.toThrow("There are 2");
});

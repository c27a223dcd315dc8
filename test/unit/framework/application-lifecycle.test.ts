import { createApplication } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { expect, test } from "vitest";
import { startWallets, Wallet, walletDefinition, withAppend } from "./wallet.ts";

/** A store whose appends wait until they are let through. */
function gated() {
  const store = inMemoryEventStore();
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const eventStore = withAppend(store, async (...call) => {
    arrive();
    await gate;
    return store.append(...call);
  });
  return { eventStore, arrived, open: () => open() };
}

test("close lets running commands end and takes no more", async () => {
  const { eventStore, arrived, open } = gated();
  const application = await startWallets(eventStore);
  const running = application.execute(Wallet, "1", "add", { amount: "5" });
  await arrived;
  const closing = application.close();
  await expect(application.execute(Wallet, "2", "add", { amount: "5" })).rejects.toMatchObject({
    code: "application-closed",
    status: 503,
  });
  open();
  expect(await running).toMatchObject({ revision: 0n });
  await closing;
});

test("close does not wait for a command that hangs, and a second close waits for the first", async () => {
  const { eventStore, arrived, open } = gated();
  const application = await startWallets(eventStore);
  const hanging = application.execute(Wallet, "1", "add", { amount: "5" });
  await arrived;
  let closed = false;
  const first = application.close().then(() => (closed = true));
  await application.close();
  expect(closed).toBe(true);
  await first;
  open();
  await expect(hanging).rejects.toMatchObject({ code: "application-closed" });
});

test("start opens once, and not again what is closed", async () => {
  let opened = 0;
  const store = inMemoryEventStore();
  const counting = Object.assign(store, {
    async open() {
      opened += 1;
    },
  });
  const application = createApplication(walletDefinition, {
    storage: { eventStore: counting },
    registry: null,
  });
  await expect(application.execute(Wallet, "1", "add", { amount: "5" })).rejects.toThrow(
    "await application.start() first",
  );
  await Promise.all([application.start(), application.start()]);
  await application.start();
  expect(opened).toBe(1);
  await application.close();
  await expect(application.start()).rejects.toMatchObject({ code: "application-closed" });
  expect(await application.isReady()).toBe(false);
});

test("a start that failed may be tried again", async () => {
  const store = inMemoryEventStore();
  let down = true;
  const application = createApplication(walletDefinition, {
    storage: {
      eventStore: Object.assign(store, {
        async open() {
          if (down) throw new Error("the database is not there yet");
        },
      }),
    },
    registry: null,
  });
  await expect(application.start()).rejects.toThrow("not there yet");
  down = false;
  await application.start();
  expect(await application.isReady()).toBe(true);
  await application.close();
});

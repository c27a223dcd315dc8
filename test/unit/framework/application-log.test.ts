import { inMemoryEventStore } from "@tidemark/framework/testing";
import { expect, test } from "vitest";
import { startWallets, Wallet } from "./wallet.ts";

async function setUp() {
  const application = await startWallets(inMemoryEventStore(), { followers: { most: 2, mostOfOne: 1 } });
  await application.execute(Wallet, "1", "open", { owner: "Ada" });
  await application.execute(Wallet, "1", "add", { amount: "5", times: 3 });
  return application;
}

test("a follower catches up, sees what is appended afterwards, and can go on from where it was", async () => {
  const application = await setUp();
  const stop = new AbortController();
  const seen: string[] = [];
  let reached = 0n;
  for await (const { events, position } of application.log.follow({ signal: stop.signal })) {
    seen.push(...events.map(({ type, revision }) => `${type} ${revision}`));
    reached = position;
    if (seen.length === 4) await application.execute(Wallet, "1", "add", { amount: "1" });
    if (seen.length === 5) stop.abort();
  }
  expect(seen).toEqual(["Opened 0", "Added 1", "Added 2", "Added 3", "Added 4"]);
  await application.execute(Wallet, "2", "open", { owner: "Bob" });
  for await (const { events } of application.log.follow({ after: reached })) {
    expect(events).toMatchObject([{ type: "Opened", data: { owner: "Bob" } }]);
    break;
  }
});

test("there are as many followers as may be, of one principal and in all; who leaves makes room", async () => {
  const application = await setUp();
  const follow = async (principal: string) => {
    const pages = application.log.follow({ principal });
    await pages.next();
    return pages;
  };
  const ada = await follow("ada");
  const tooMany = { code: "too-many-subscribers", status: 429, details: { retryAfterSeconds: 5 } };
  await expect(follow("ada")).rejects.toMatchObject(tooMany);
  await follow("bob");
  expect(application.log.followers).toBe(2);
  await expect(follow("cleo")).rejects.toMatchObject(tooMany);
  await ada.return();
  expect(application.log.followers).toBe(1);
  await follow("cleo");
});

import { fileURLToPath } from "node:url";
import { IntakeQueue, type IntakeItem } from "@tidemark/framework";
import { PostgresProjectionStore } from "@tidemark/framework/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { spawnNode } from "../../support/spawn-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

const program = fileURLToPath(new URL("spill-process.js", import.meta.url));
let database: TestDatabase;
let store: PostgresProjectionStore;

beforeEach(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  store = new PostgresProjectionStore({ connectionString: database.connectionString });
  await store.open();
});
afterEach(async () => {
  await store.close();
  await database.drop();
});

function letters(
  handle: (items: readonly IntakeItem<string>[]) => Promise<void>,
  batch = 100,
): IntakeQueue<string> {
  return new IntakeQueue<string>({
    name: "letters",
    most: { items: 5, bytes: 1_000_000 },
    batch,
    whenFull: "store",
    spill: store.spill,
    encode: (item) => Buffer.from(item),
    decode: (item) => Buffer.from(item).toString(),
    handle,
  });
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${from + index}`);
}

describe("a full queue that stores", () => {
  test("handles everything in order, whatever went through the store, and keeps memory bounded", async () => {
    const handled: string[] = [];
    await using queue = letters(async (items) => {
      await new Promise((resolve) => setImmediate(resolve));
      handled.push(...items.map(({ item }) => item));
    }, 7);
    const outcomes: string[] = [];
    for (const item of numbers(0, 300)) {
      outcomes.push(await queue.offer(item));
      expect(queue.status.items).toBeLessThanOrEqual(5);
      // Now and then the queue drains, and goes on in memory.
      if (Number(item) % 100 === 99) await waitFor(() => handled.length === Number(item) + 1);
    }
    expect(handled).toEqual(numbers(0, 300));
    expect(queue.status.stored).toBe(outcomes.filter((outcome) => outcome === "stored").length);
    expect(queue.status.stored).toBeGreaterThan(0);
  });

  test("keeps what it stored through the end of its process, and the next one goes on in order", async () => {
    const first = spawnNode(program, [database.connectionString, "60"]);
    const [, stored] = await first.waitForLine(/^stored (\d+)$/);
    // The first items are asked for while nobody knows yet whether an earlier process left any.
    expect(Number(stored)).toBeGreaterThanOrEqual(55);
    first.kill("SIGKILL");
    await first.exit;
    const handled: IntakeItem<string>[] = [];
    let failures = 1;
    await using queue = letters(async (items) => {
      if (failures-- > 0) throw new Error("not now");
      handled.push(...items);
    });
    const kept = 60 - Number(stored);
    await waitFor(() => handled.length === Number(stored), { timeoutMs: 20_000 });
    expect(handled.map(({ item }) => item)).toEqual(numbers(kept, 60));
    expect(handled.map(({ key }) => key)).toEqual(numbers(kept, 60).map((item) => `key-${item}`));
    await waitFor(() => !queue.status.draining);
    expect(await queue.offer("next")).toBe("queued");
  });

  test("stores a key once, and is drained by one process at a time", async () => {
    const item = Buffer.from("a");
    await store.spill.add("letters", [
      { key: "1", item },
      { key: "2", item },
    ]);
    await store.spill.add("letters", [{ key: "1", item }]);
    const [mine, theirs] = ["a", "b"].map((end) => `00000000-0000-4000-8000-00000000000${end}`);
    const options = { leaseMs: 60_000, limit: 10 };
    const drained = await store.spill.drain("letters", { owner: mine ?? "", ...options });
    expect(drained.items.map(({ key }) => key)).toEqual(["1", "2"]);
    expect(await store.spill.drain("letters", { owner: theirs ?? "", ...options })).toEqual({
      items: [],
      waiting: true,
    });
    const [first] = drained.items;
    await store.spill.remove("letters", theirs ?? "", [first?.itemNo ?? 0n]);
    expect((await store.spill.drain("letters", { owner: mine ?? "", ...options })).items).toHaveLength(2);
    await store.spill.remove("letters", mine ?? "", [first?.itemNo ?? 0n]);
    await store.spill.release("letters", mine ?? "");
    const rest = await store.spill.drain("letters", { owner: theirs ?? "", ...options });
    expect(rest.items.map(({ key }) => key)).toEqual(["2"]);
  });

  test("that closes stores what it still has in memory", async () => {
    const queue = letters(() => new Promise(() => {}));
    await waitFor(() => !queue.status.draining);
    for (const item of ["1", "2", "3"]) expect(await queue.offer(item)).toBe("queued");
    // The handler that stands still is left behind.
    await queue.close({ drainMs: 50 });
    const owner = "00000000-0000-4000-8000-00000000000a";
    const { items } = await store.spill.drain("letters", { owner, leaseMs: 1_000, limit: 100 });
    expect(items.map(({ item }) => Buffer.from(item).toString())).toEqual(["1", "2", "3"]);
  });
});

import { IntakeQueue, type IntakeItem } from "@tidemark/framework";
import { describe, expect, test } from "vitest";
import { waitFor } from "../../support/wait-for.ts";

/** A handler that waits to be let on. */
class Handler {
  readonly handled: string[] = [];
  #open: () => void = () => {};
  #gate = Promise.resolve();

  shut(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
  }

  readonly handle = async (items: readonly IntakeItem<string>[]): Promise<void> => {
    await this.#gate;
    this.handled.push(...items.map(({ item }) => item));
  };
}

const most = { items: 2, bytes: 1_000 };

describe("an intake queue that is full", () => {
  test("slows its producers down, in order", async () => {
    const handler = new Handler();
    handler.shut();
    await using queue = new IntakeQueue<string>({ name: "letters", most, handle: handler.handle });
    await queue.offer("1");
    await queue.offer("2");
    const waiting = [queue.offer("3"), queue.offer("4")];
    expect(queue.status).toMatchObject({ items: 2, waiting: 2, rejected: 0 });
    await expect(queue.offer("5")).rejects.toMatchObject({ code: "overloaded" });
    handler.open();
    expect(await Promise.all(waiting)).toEqual(["queued", "queued"]);
    await waitFor(() => handler.handled.length === 4);
    expect(handler.handled).toEqual(["1", "2", "3", "4"]);
  });

  test("rejects when it is told to, by bytes as well", async () => {
    const handler = new Handler();
    handler.shut();
    await using queue = new IntakeQueue<string>({
      name: "letters",
      most: { items: 100, bytes: 10 },
      bytesOf: (item) => item.length,
      whenFull: "reject",
      handle: handler.handle,
    });
    await queue.offer("12345678");
    await expect(queue.offer("123")).rejects.toMatchObject({ details: { retryAfterSeconds: 1 } });
    expect(await queue.offer("12")).toBe("queued");
    expect(queue.status).toMatchObject({ items: 2, bytes: 10, rejected: 1 });
    handler.open();
  });

  test("drops only what is declared optional, and counts it", async () => {
    const handler = new Handler();
    handler.shut();
    const options = { name: "hints", most, handle: handler.handle };
    await using queue = new IntakeQueue<string>({ ...options, whenFull: "drop", optional: true });
    const outcomes = await Promise.all(["1", "2", "3", "4", "5"].map((item) => queue.offer(item)));
    expect(outcomes).toEqual(["queued", "queued", "dropped", "dropped", "dropped"]);
    expect(queue.status).toMatchObject({ items: 2, dropped: 3, rejected: 0 });
    handler.open();
    await waitFor(() => handler.handled.length === 2);
    // @ts-expect-error: dropping must be declared.
    expect(() => new IntakeQueue<string>({ ...options, whenFull: "drop" })).toThrow(
      "may not drop what is not optional",
    );
  });

  test("tries again what its handler could not do, and keeps the order", async () => {
    const handled: string[] = [];
    let failures = 2;
    await using queue = new IntakeQueue<string>({
      name: "letters",
      most: { items: 10, bytes: 1 },
      batch: 2,
      handle: async (items) => {
        if (failures-- > 0) throw new Error("not now");
        handled.push(...items.map(({ item }) => item));
      },
    });
    await Promise.all(["1", "2", "3"].map((item) => queue.offer(item)));
    await waitFor(() => handled.length === 3);
    expect(handled).toEqual(["1", "2", "3"]);
  });

  test("handles what is in memory when it closes, and takes nothing more", async () => {
    const handler = new Handler();
    handler.shut();
    const queue = new IntakeQueue<string>({ name: "letters", most, handle: handler.handle });
    await queue.offer("1");
    await queue.offer("2");
    const late = queue.offer("3");
    const closed = queue.close();
    await expect(late).rejects.toMatchObject({ code: "application-closed" });
    handler.open();
    await closed;
    expect(handler.handled).toEqual(["1", "2"]);
    await expect(queue.offer("4")).rejects.toMatchObject({ code: "application-closed" });
  });
});

import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject, test, vi } from "vitest";
import { withFolderLock } from "../../../packages/schema-registry/src/postgres/embedded/folder-lock.ts";
import "../../support/test-run.ts";
import { waitFor } from "../../support/wait-for.ts";

// Holds back one attempt to take the lock between what it has seen and what it does.
const heldBack: { until: Promise<void> | undefined; linked: boolean } = vi.hoisted(() => ({
  until: undefined,
  linked: false,
}));

vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs/promises")>();
  const link: typeof original.link = async (from, to) => {
    const { until } = heldBack;
    heldBack.until = undefined;
    await until;
    await original.link(from, to);
    if (until !== undefined) heldBack.linked = true;
  };
  return { ...original, link };
});

const dead = JSON.stringify({ pid: process.pid, startedAt: "before this process" });

async function makeFolder(): Promise<string> {
  return mkdtemp(join(inject("testRun").folder, "lock-"));
}

describe("withFolderLock", () => {
  test("lets one at a time in, also where many find the same dead holder", async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, "lock.7"), dead);
    const counter = join(folder, "counter");
    await writeFile(counter, "0");
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        withFolderLock(folder, async () => {
          most = Math.max(most, (inside += 1));
          await writeFile(counter, String(Number(await readFile(counter, "utf8")) + 1));
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(await readFile(counter, "utf8")).toBe("20");
    expect((await readdir(folder)).filter((name) => name.startsWith("lock"))).toHaveLength(1);
  });

  test("a taker that was overtaken while it took the lock waits for the new holder", async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, "lock.7"), dead);
    const order: string[] = [];
    let goOn = () => {};
    heldBack.until = new Promise((resolve) => (goOn = resolve));
    const slow = withFolderLock(folder, () => Promise.resolve(order.push("slow")));
    await waitFor(() => heldBack.until === undefined);
    await withFolderLock(folder, () => Promise.resolve(order.push("first")));
    await withFolderLock(folder, async () => {
      goOn();
      const tookBack = async () => heldBack.linked && !(await readdir(folder)).includes("lock.8");
      await waitFor(async () => (await tookBack()) || order.includes("slow"));
      order.push("second");
    });
    await slow;
    expect(order).toEqual(["first", "second", "slow"]);
  });

  test("is free again after the action failed", async () => {
    const folder = await makeFolder();
    await expect(withFolderLock(folder, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withFolderLock(folder, () => Promise.resolve("in"))).toBe("in");
  });

  test("the signal ends the wait", async () => {
    const folder = await makeFolder();
    await withFolderLock(folder, async () => {
      const controller = new AbortController();
      const waiting = withFolderLock(folder, () => Promise.resolve(), controller.signal);
      controller.abort(new Error("stopped"));
      await expect(waiting).rejects.toThrow();
    });
  });
});

import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { withFolderLock } from "../../../packages/schema-registry/src/postgres/embedded/folder-lock.ts";
import "../../support/test-run.ts";

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

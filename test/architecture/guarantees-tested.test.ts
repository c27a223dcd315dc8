import { access, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const root = new URL("../../", import.meta.url);

it("names a test that exists for every promise", async () => {
  const page = await readFile(new URL("docs/guarantees.md", root), "utf8");
  const promises = page
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (promise|---)/.test(line));
  expect(promises.length).toBeGreaterThan(10);
  for (const promise of promises) {
    const tests = [...promise.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map((match) => match[1] ?? "");
    expect(tests, promise).not.toEqual([]);
    for (const test of tests)
      await expect(access(new URL(test, root)), `${test} exists`).resolves.toBeUndefined();
  }
});

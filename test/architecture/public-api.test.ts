import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

/** Runtime names of every entry of the exports maps: a change of the public API shows in the snapshot's diff. */
it.each(["framework", "schema-registry"])("exports of @tidemark/%s", async (name) => {
  const file = new URL(`../../packages/${name}/package.json`, import.meta.url);
  const { exports }: { exports: Record<string, unknown> } = JSON.parse(await readFile(file, "utf8"));
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
  const names = await Promise.all(
    entries.map(async (entry) => {
      const module: object = await import(`@tidemark/${name}${entry.slice(1)}`);
      return `${entry}\n${Object.keys(module)
        .sort()
        .map((key) => `  ${key}`)
        .join("\n")}\n`;
    }),
  );
  await expect(names.join("")).toMatchFileSnapshot(`../snapshots/${name}-exports.txt`);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, type RunningRegistry } from "../registry/registry-fixture.ts";
import { amount, exported, startSampleRegistry, withRegistry } from "./transfer-fixture.ts";

let source: RunningRegistry;
let lines: readonly string[];

beforeAll(async () => {
  source = await startSampleRegistry();
  lines = await exported(source);
});

afterAll(() => source.close());

describe("an export", () => {
  test("holds everything, versions after what they refer to, and its own end", () => {
    const entries = lines.map((line) => JSON.parse(line));
    expect(entries[0]).toEqual({ kind: "registry", format: 1, exportedAt: expect.any(String) });
    expect(entries.at(-1)).toEqual({ kind: "end", versions: 9, settings: 4 });
    const versions = entries.filter(({ kind }) => kind === "version");
    const subjects = versions.map(({ subject }) => subject);
    expect(subjects.indexOf("z.Money")).toBeLessThan(subjects.indexOf("m.Price"));
    expect(subjects.indexOf("m.Price")).toBeLessThan(subjects.indexOf("a.Order"));
    expect(versions.find(({ subject }) => subject === "z.Money")).toEqual({
      kind: "version",
      subject: "z.Money",
      version: 1,
      id: expect.any(Number),
      schema: expect.stringContaining("Money"),
      references: [],
      metadata: null,
      deleted: false,
      author: "ada",
      registeredAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test("is as of one moment, whatever is registered meanwhile", async () => {
    await withRegistry(async (target) => {
      const texts = Array.from({ length: 1_200 }, (_, at) => recordText(`T${at}`, [amount]));
      for (const [at, schema] of texts.entries()) {
        await target.registry.register(`s${String(at).padStart(4, "0")}`, { schema });
      }
      const entries = target.registry.exportAll()[Symbol.asyncIterator]();
      const first = [await entries.next(), await entries.next()];
      await target.registry.register("s9999", { schema: recordText("Late", []) });
      let count = first.length;
      for (let next = await entries.next(); !next.done; next = await entries.next()) count += 1;
      expect(count).toBe(1_202);
    });
  });

  test("one that its reader leaves gives its connection back", async () => {
    // More often than the pool has connections.
    for (let round = 0; round < 12; round += 1) {
      for await (const entry of source.registry.exportAll()) {
        expect(entry.kind).toBe("registry");
        break;
      }
    }
    expect(await source.registry.listContexts()).toEqual([".", ".staging"]);
  });
});

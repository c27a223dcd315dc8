import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { importLog, readAvroFile } from "@tidemark/framework";
import { describe, expect, test } from "vitest";
import { Opened } from "../../support/bank.ts";
import { all, context, empty, filled, fromLines, kept, lines, serializer } from "./transfer-fixture.ts";

describe("a file that is no export", () => {
  test.each([
    ["is not JSON", (text: string[]) => ["{", ...text], /at line 1: is not JSON/],
    ["has another kind of entry", (text: string[]) => ['{"kind":"surprise"}', ...text], /at line 1: kind/],
    [
      "has a number that is none",
      (text: string[]) => text.map((line) => line.replace('"position":"1"', '"position":"x"')),
      /at line 3: position must be a whole number/,
    ],
    [
      "is of a newer format",
      (text: string[]) => text.map((line) => line.replace('"format":1', '"format":2')),
      /at line 1: format is of a newer format/,
    ],
    [
      "lacks a schema",
      (text: string[]) => text.filter((line) => !line.includes('"kind":"schema"')),
      /comes before its schema/,
    ],
    ["lacks an event", (text: string[]) => text.toSpliced(4, 1), /should hold 10 events, and holds 9/],
    [
      "has a payload that does not decode",
      (text: string[]) =>
        text.map((line, at) => (at === 5 ? line.replace(/"data":"[^"]*"/, '"data":"//8="') : line)),
      /payload of bank\.Opened .* of position 4 does not match its schema/,
    ],
    [
      "has metadata that do not decode",
      (text: string[]) =>
        text.map((line, at) => (at === 5 ? line.replace(/"meta":"[^"]*"/, '"meta":"//8="') : line)),
      /metadata of bank\.Opened .* of position 4 is damaged/,
    ],
    [
      "has a schema of another text",
      (text: string[]) => text.map((line) => line.replace('\\"owner\\"', '\\"owmer\\"')),
      /schema of bank\.Opened is damaged: .*another sha256/,
    ],
    ["lacks its header", (text: string[]) => text.slice(1), /its header is missing/],
    ["is empty", () => [], /it is empty/],
    ["goes on behind its end", (text: string[]) => [...text, text[0] ?? ""], /goes on after its end/],
  ])("because it %s is refused", async (_, spoil, message) => {
    const source = await filled(0);
    for (let index = 0; index < 10; index += 1)
      await source.append("account-a", [
        serializer.encode(Opened({ owner: `${index}` }), randomUUID(), context),
      ]);
    const target = await empty();
    const importing = importLog(target, fromLines(spoil(await lines(source))));
    await expect(importing).rejects.toMatchObject({
      code: "import-invalid",
      message: expect.stringMatching(message),
    });
  });

  test("stops at an event that is in the store with another payload, and changes nothing of it", async () => {
    const source = await filled(30);
    const text = await lines(source);
    const target = await empty();
    await importLog(target, fromLines(text));
    const before = kept(await all(target));
    const changed = await lines(source, {
      mask: {
        data: ({ type, data }) => (type === "bank.Opened" ? { owner: "x" } : data),
        metadata: ({ metadata }) => metadata,
      },
    });
    await expect(importLog(target, fromLines(changed))).rejects.toMatchObject({
      code: "duplicate-event-id",
      message: expect.stringMatching(
        /of position (\d+) is in account-\w+ already, with another payload, at position \1 /,
      ),
    });
    expect(kept(await all(target))).toEqual(before);
  });

  test.each([
    ["bytes", Buffer.from("no Avro file at all")],
    ["nothing", Buffer.alloc(0)],
  ])("because it is %s is refused as an Avro file", async (_, bytes) => {
    const importing = importLog(await empty(), readAvroFile(Readable.from([bytes])));
    await expect(importing).rejects.toMatchObject({ code: "import-invalid" });
  });
});

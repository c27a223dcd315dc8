import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSourceFile, SourceFileError } from "../../../examples/ledger/src/import/source-file.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-import-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test("the format comes from the content, and the bytes read lead up to the total", async () => {
  const path = await write("misleading.csv", "2024-01-01 x\n  a  $1\n  b\n".repeat(20_000));
  const file = await openSourceFile(path);
  expect(file).toMatchObject({ format: "journal", totalBytes: 25 * 20_000 });
  expect(file.bytesRead()).toBe(0);
  let entries = 0;
  let last = 0;
  for await (const record of file.records) {
    entries += record.kind === "entry" ? 1 : 0;
    expect(file.bytesRead()).toBeGreaterThanOrEqual(last);
    last = file.bytesRead();
  }
  expect(entries).toBe(20_000);
  expect(file.bytesRead()).toBe(file.totalBytes);
});

test("the given format wins over the content", async () => {
  const path = await write("rows", "no header\n");
  expect((await openSourceFile(path, { format: "bank-csv" })).format).toBe("bank-csv");
});

test("a file that cannot be imported is one sentence", async () => {
  const unknown = await write("unknown", "hello\n");
  const empty = await write("empty", "");
  await expect(openSourceFile(unknown)).rejects.toThrow(/is neither a bank CSV .* --format journal$/);
  await expect(openSourceFile(empty)).rejects.toThrow(/is empty/);
  await expect(openSourceFile(join(folder, "none"))).rejects.toThrow(/none does not exist: check the path/);
  await expect(openSourceFile(folder)).rejects.toThrow(/is a folder/);
  await expect(openSourceFile(unknown)).rejects.toBeInstanceOf(SourceFileError);
});

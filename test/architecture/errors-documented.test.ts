import { readdir, readFile } from "node:fs/promises";
import { errorTable } from "@tidemark/framework";
import { registryErrors } from "@tidemark/schema-registry";
import { postgresErrors } from "@tidemark/schema-registry/postgres";
import { expect, it } from "vitest";

const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** The rows of one section's table, each cell without its back-ticks. */
function rows(section: string): readonly (readonly string[])[] {
  const body = page.split(`\n## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
  return body
    .split("\n")
    .filter((line) => /^\| [`\d]/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

it("documents every code of the framework with its status and whether to retry, and no other", () => {
  const documented = rows("Framework").map(([code, status, retry]) => [
    code,
    Number(status),
    retry === "yes",
  ]);
  const raised = Object.entries(errorTable).map(([code, entry]) => [code, entry.status, entry.retryable]);
  expect(new Set(documented)).toEqual(new Set(raised));
});

it("documents every code of the registry, and no other", () => {
  const documented = rows("Schema registry").map(([errorCode, name]) => [name, Number(errorCode)]);
  const raised = Object.entries(registryErrors).map(([name, { errorCode }]) => [name, errorCode]);
  expect(new Set(documented)).toEqual(new Set(raised));
});

it("documents every code of the PostgreSQL plumbing, and no other", () => {
  expect(new Set(rows("PostgreSQL plumbing").map(([code]) => code))).toEqual(
    new Set(Object.keys(postgresErrors)),
  );
});

it("documents every code that the ledger refuses with, and no other", async () => {
  const root = new URL("../../examples/ledger/src/", import.meta.url);
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, root), "utf8")));
  const refused = sources.flatMap((text) =>
    [...text.matchAll(/new DomainError\(\s*"([a-z-]+)"/g)].map((match) => match[1]),
  );
  expect(new Set(rows("Ledger").map(([code]) => code))).toEqual(new Set(refused));
});

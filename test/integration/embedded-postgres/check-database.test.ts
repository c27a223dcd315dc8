import { createServer } from "node:net";
import { checkDatabase } from "@tidemark/schema-registry/postgres";
import { describe, expect, inject, test } from "vitest";
import "../../support/test-run.ts";

const { connectionString } = inject("testRun");

function changed(change: (url: URL) => void): string {
  const url = new URL(connectionString);
  change(url);
  return url.href;
}

async function refusal(url: string): Promise<string> {
  const error: unknown = await checkDatabase({ connectionString: url, timeoutMs: 2_000 }).catch(
    (reason) => reason,
  );
  expect(error).toMatchObject({ name: "PostgresError", code: "PG_UNREACHABLE", retryable: true });
  return error instanceof Error ? error.message : "";
}

describe("checkDatabase", () => {
  test("answers the server's version", async () => {
    expect((await checkDatabase({ connectionString })).serverVersion).toBeGreaterThanOrEqual(140_000);
  });

  test("nobody listens", async () => {
    const message = await refusal("postgresql://someone:secret@127.0.0.1:1/ledger");
    expect(message).toBe(
      "no PostgreSQL listens on 127.0.0.1:1: start it, or correct host and port in DATABASE_URL",
    );
  });

  test("a host that does not exist", async () => {
    expect(await refusal("postgresql://someone:secret@nowhere.invalid/ledger")).toMatch(
      /^the host nowhere.invalid of DATABASE_URL is not known: correct it/,
    );
  });

  test("a wrong password, which is not shown", async () => {
    const message = await refusal(changed((url) => (url.password = "a-guess")));
    expect(message).toMatch(/refuses the user \S+: correct user and password in DATABASE_URL$/);
    expect(message).not.toContain("a-guess");
  });

  test("a database that does not exist", async () => {
    const message = await refusal(changed((url) => (url.pathname = "/nothing_here")));
    expect(message).toMatch(/has no database nothing_here: create it, or correct the name in DATABASE_URL$/);
  });

  test("a program that is no PostgreSQL and never answers", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const message = await refusal(`postgresql://someone:secret@127.0.0.1:${port}/ledger`);
    expect(message).toMatch(
      /^the PostgreSQL at 127.0.0.1:\d+ cannot be reached \(.*timeout.*\): check that it runs/,
    );
    silent.close();
  });

  test.each(["", "ledger", "mysql://127.0.0.1/ledger", "postgresql://host:port/ledger"])(
    "%j is no database URL",
    async (url) => {
      expect(await refusal(url)).toMatch(
        /^the database URL is not one: write postgresql:\/\/user:password@host/,
      );
    },
  );
});

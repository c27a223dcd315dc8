import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { postgresStorage } from "@tidemark/framework/postgres";
import { beforeAll, describe, expect, test, type TestContext } from "vitest";
import { eventStoreTemplate } from "../support/event-store-template.ts";
import { Account, startObserved } from "../support/observed-application.ts";
import { declaredMetrics } from "../support/parse-metrics.ts";
import { createTestDatabase } from "../support/test-database.ts";

const folder = new URL("../../docs/operations/", import.meta.url);
const run = promisify(execFile);

/** What promtool says; skips the test where it is not installed. */
async function promtool(context: TestContext, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await run("promtool", args, { cwd: fileURLToPath(folder) });
    return stdout;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("code" in error && error.code === "ENOENT")
      return context.skip("promtool is not installed: it comes with Debian's package prometheus");
    throw new Error(`promtool ${args.join(" ")}: ${"stdout" in error ? String(error.stdout) : ""}`, {
      cause: error,
    });
  }
}

describe("the rules for Prometheus", () => {
  let rules = "";
  let page = "";
  let declared: ReadonlySet<string> = new Set();

  beforeAll(async () => {
    rules = await readFile(new URL("alerts.yml", folder), "utf8");
    page = await readFile(new URL("README.md", folder), "utf8");
    const database = await createTestDatabase({ template: eventStoreTemplate });
    const application = await startObserved(postgresStorage({ database: database.connectionString }));
    await application.execute(Account, "1", "open", { owner: "Ada" });
    declared = declaredMetrics(await application.operations.metrics.text());
    await application.close();
    await database.drop();
  });

  test("are rules", async (context) => {
    expect(await promtool(context, "check", "rules", "alerts.yml")).toMatch(/SUCCESS: \d{2} rules found/);
  });

  test("raise the alarms that their tests expect", async (context) => {
    expect(await promtool(context, "test", "rules", "alerts.test.yml")).toContain("SUCCESS");
  });

  test("speak of metrics that an application has", () => {
    const names = new Set([...rules.matchAll(/\btidemark_[a-z_]+/g)].map(([name]) => name));
    expect(names.size).toBeGreaterThan(15);
    expect([...names].filter((name) => !declared.has(name))).toEqual([]);
  });

  test("name a section of the page that says what to do", () => {
    const sections = new Set(
      [...page.matchAll(/^###? (.+)$/gm)].map(([, title = ""]) =>
        title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
      ),
    );
    const named = [...rules.matchAll(/runbook: docs\/operations\/README\.md#(\S+)/g)].map(([, name]) => name);
    expect(named).toHaveLength([...rules.matchAll(/- alert:/g)].length);
    expect(named.filter((name) => !sections.has(name ?? ""))).toEqual([]);
  });

  test("and the page have no metric that the other side lacks", () => {
    const listed = new Set([...page.matchAll(/^\| `(tidemark_[a-z_]+)`/gm)].map(([, name = ""]) => name));
    const own = new Set(
      [...declared]
        .filter((name) => name.startsWith("tidemark_"))
        .map((name) => name.replace(/_seconds_(?:bucket|sum|count)$/, "_seconds")),
    );
    expect([...listed].toSorted()).toEqual([...own].toSorted());
  });
});

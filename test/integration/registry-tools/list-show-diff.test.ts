import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "../registry/registry-fixture.ts";
import { applicationModule, makeFolder, runCli, type CliOptions, type CliRun } from "./run-cli.ts";

const amount = { name: "amount", type: "long" };
const memo = { name: "memo", type: ["null", "string"], default: null };

async function cli(
  { url }: { readonly url: string },
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliRun> {
  return runCli(args, { ...options, env: { SCHEMA_REGISTRY_URL: url, ...options.env } });
}

describe("list and show", () => {
  let server: RunningRegistry;

  beforeAll(async () => {
    server = await startRegistry();
    const { registry } = server;
    await registry.register("ledger.Paid", { schema: recordText("Paid", [amount]) }, { author: "ada" });
    await registry.register(
      "ledger.Paid",
      { schema: recordText("Paid", [amount, memo]) },
      { author: "grace" },
    );
    await registry.register("other", {
      schema: '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9007199254740993}]}',
    });
    await registry.register("gone", { schema: '"int"' });
    await registry.deleteSubject("gone");
    await registry.announceReaders("billing", [
      { subject: "ledger.Paid", schema: recordText("Paid", [memo]) },
    ]);
  });

  afterAll(() => server.close());

  test("list names each subject with its newest version, who and when", async () => {
    const { code, stdout } = await cli(server, ["list"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^SUBJECT +VERSION +ID +REGISTERED +BY\nledger\.Paid +2 +2 +\d{4}-\d\d-\d\d \d\d:\d\d +grace\nother +1 +3 +\S+ \S+\n$/,
    );
    expect((await cli(server, ["list", "led"])).stdout).not.toContain("other");
    expect((await cli(server, ["list", "--deleted"])).stdout).toMatch(/gone +1 \(deleted\)/);
    const all = JSON.parse((await cli(server, ["list", "led", "--all", "--json"])).stdout);
    expect(all).toMatchObject([
      { subject: "ledger.Paid", version: 1, author: "ada", registeredAt: expect.any(String) },
      { version: 2, author: "grace" },
    ]);
  });

  test("show tells schema, history, level and readers", async () => {
    const { code, stdout } = await cli(server, ["show", "ledger.Paid"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ledger\.Paid, version 2\n {2}id +2\n {2}registered +\S+ \S+ by grace\n {2}level +BACKWARD \(the global one\)\n {2}read by +billing\n/,
    );
    expect(stdout).toContain('\n      "name": "memo",\n');
    expect(stdout).toMatch(/\n1 +1 +\S+ \S+ +ada\n2 +2 +\S+ \S+ +grace\n$/);
    const json = JSON.parse((await cli(server, ["show", "ledger.Paid", "1", "--json"])).stdout);
    expect(json).toMatchObject({
      version: 1,
      author: "ada",
      level: null,
      globalLevel: "BACKWARD",
      history: [{}, {}],
    });
  });

  test("show keeps numbers as they are", async () => {
    expect((await cli(server, ["show", "other"])).stdout).toContain('"default": 9007199254740993');
    expect((await cli(server, ["show", "other", "--schema"])).stdout).toBe(
      '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9007199254740993}]}\n',
    );
  });

  test("show says what there is instead", async () => {
    expect((await cli(server, ["show", "ledger.Paid", "9"])).stderr).toBe(
      "ledger.Paid has no version 9, but 1, 2\n",
    );
    expect(await cli(server, ["show", "nobody"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has no subject nobody: tidemark-schemas list/),
    });
    expect((await cli(server, ["show", "ledger.Paid", "x"])).stderr).toMatch(/'x' is not a valid version id/);
  });
});

describe("diff", () => {
  let server: RunningRegistry;
  const subject = "ledger.Posted";

  beforeAll(async () => {
    server = await startRegistry();
    const { registry } = server;
    await registry.setCompatibility("NONE");
    for (const fields of [[amount, memo], [amount], [{ name: "amount", type: "string" }]]) {
      await registry.register(subject, { schema: recordText("Posted", fields) });
    }
    await registry.announceReaders("billing", [{ subject, schema: recordText("Posted", [amount, memo]) }]);
    await registry.announceReaders("reports", [{ subject, schema: recordText("Posted", [amount]) }]);
  });

  afterAll(() => server.close());

  test("tells changes, verdicts and the applications that still read what is gone", async () => {
    const { code, stdout } = await cli(server, ["diff", subject, "1", "2"]);
    expect(code).toBe(0);
    expect(stdout).toContain("ledger.Posted: version 1 -> version 2\n  - field ledger.Posted.memo removed:");
    expect(stdout).toContain(
      "yes  version 2 reads data of version 1\nyes  version 1 reads data of version 2\n",
    );
    expect(stdout).toMatch(
      /Applications that still read what is removed\n {2}billing {2}reads ledger\.Posted\.memo, takes null without it; started \d{4}-/,
    );
    expect(stdout).not.toContain("reports");
  });

  test("by default compares the newest with the one before, and says why they do not read each other", async () => {
    const { stdout } = await cli(server, ["diff", subject]);
    expect(stdout).toContain('~ type of ledger.Posted.amount changed: "long" -> "string"  (/fields/0/type)');
    expect(stdout).toContain("NO   version 3 reads data of version 2\n     TYPE_MISMATCH at /fields/0/type:");
  });

  test("takes the working tree as the later side", async () => {
    const folder = await makeFolder({
      "posted.avsc": recordText("Posted", [{ name: "sum", type: "string", default: "" }]),
      "app.mjs": applicationModule({ [subject]: recordText("Posted", [memo]) }),
    });
    const file = await cli(server, ["diff", subject, "--file", "posted.avsc"], { cwd: folder });
    expect(file.stdout).toContain("ledger.Posted: version 3 -> posted.avsc");
    expect(file.stdout).toContain("- field ledger.Posted.amount removed");
    expect(file.stdout).toContain("reports  reads ledger.Posted.amount, cannot read the data without it");
    const app = await cli(server, ["diff", subject, "1", "--app", "app.mjs", "--json"], { cwd: folder });
    expect(JSON.parse(app.stdout)).toMatchObject({
      from: { version: 1 },
      to: { label: "app.mjs", version: null },
      changes: [{ change: "removed", name: "amount" }],
      compatibility: { backward: { is_compatible: true }, forward: { is_compatible: false } },
      affectedReaders: [{ application: "billing" }, { application: "reports" }],
    });
    const other = await cli(server, ["diff", "ledger.Other", "--app", "app.mjs"], { cwd: folder });
    expect(other).toMatchObject({ code: 2, stderr: "app.mjs declares no ledger.Other, but ledger.Posted\n" });
  });

  test("a subject with one version has nothing to compare", async () => {
    await server.registry.register("single", { schema: '"int"' });
    expect((await cli(server, ["diff", "single"])).stderr).toMatch(/single has no version before version 1/);
    expect((await cli(server, ["diff", "nobody"])).stderr).toMatch(/has no subject nobody/);
  });
});

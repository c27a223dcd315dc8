import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "../registry/registry-fixture.ts";
import { applicationModule, makeFolder, runCli, type CliOptions, type CliRun } from "./run-cli.ts";

const amount = { name: "amount", type: "long" };
const memo = { name: "memo", type: ["null", "string"], default: null };

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return runCli(args, { ...options, env: { SCHEMA_REGISTRY_URL: server.url, ...options.env } });
}

describe("check of an application", () => {
  const subject = "app.Paid";
  const paid = (fields: readonly { name: string; type: unknown }[]): string =>
    applicationModule({ [subject]: recordText("Paid", fields, "app") });

  beforeAll(async () => {
    await server.registry.setCompatibility("FULL_TRANSITIVE", subject);
    await server.registry.register(subject, { schema: recordText("Paid", [amount], "app") });
  });

  test("says nothing against what is published or compatible", async () => {
    const same = await makeFolder({ "dist/app.js": paid([amount]), "package.json": '{"type":"module"}' });
    expect(await cli(["check", "--app", "dist/app.js"], { cwd: same })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^unchanged +app\.Paid +version 1\n\n1 schema: 1 unchanged\n$/),
    });
    const more = await makeFolder({ "dist/app.mjs": paid([amount, memo]) });
    const { code, stdout } = await cli(["check", "--app", "dist/app.mjs"], { cwd: more });
    expect(stdout).toContain("compatible  app.Paid  FULL_TRANSITIVE with 1 version");
    expect(code).toBe(0);
  });

  test("ends with 1 and every reason when an event would be refused; changes nothing", async () => {
    const folder = await makeFolder({
      "dist/app.mjs": paid([amount, { name: "by", type: "string" }, { name: "on", type: "int" }]),
    });
    const { code, stdout } = await cli(["check", "--app", "dist/app.mjs"], { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toContain("REFUSED  app.Paid  FULL_TRANSITIVE with 1 version");
    expect(stdout).toContain("app.Paid would be refused: it cannot read data of version 1");
    expect(stdout).toContain("READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1");
    expect(stdout).toContain("READER_FIELD_MISSING_DEFAULT_VALUE at /fields/2");
    expect(stdout).toMatch(/\n {4}Give the field by a "default"/);
    expect(await server.registry.listVersions(subject)).toEqual([1]);
  });

  test("tells both directions of a full level, each with the version that it fails on", async () => {
    const name = "app.Both";
    await server.registry.setCompatibility("FULL_TRANSITIVE", name);
    await server.registry.register(name, { schema: recordText("Both", [amount, memo], "app") });
    await server.registry.register(name, { schema: recordText("Both", [amount], "app") });
    const folder = await makeFolder({
      "app.mjs": applicationModule({ [name]: recordText("Both", [{ name: "by", type: "string" }], "app") }),
    });
    const { stdout } = await cli(["check", "--app", "app.mjs"], { cwd: folder });
    expect([...stdout.matchAll(/would be refused: (.*)/g)].map(([, claim]) => claim)).toEqual([
      "it cannot read data of version 2",
      "version 2 cannot read its data",
    ]);
  });

  test("for programs: one JSON document, nothing else on standard output", async () => {
    const folder = await makeFolder({ "app.mjs": paid([amount, { name: "by", type: "string" }]) });
    const { code, stdout } = await cli(["--json", "check", "--app", "app.mjs"], { cwd: folder });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      refused: 1,
      schemas: [
        {
          subject,
          source: "app.mjs",
          status: "refused",
          level: "FULL_TRANSITIVE",
          reasons: [{ kind: "READER_FIELD_MISSING_DEFAULT_VALUE", version: 1, direction: "backward" }],
        },
      ],
    });
  });

  test("takes the application of the nearest package.json", async () => {
    const folder = await makeFolder({
      "package.json": '{"type":"module","tidemark":{"app":"dist/app.js"}}',
      "dist/app.js": paid([amount]),
      "src/deep/keep": "",
    });
    expect((await cli(["check"], { cwd: join(folder, "src/deep") })).code).toBe(0);
  });

  test("an event whose subject has no level is held against the one that publishing sets", async () => {
    await server.registry.register("app.Global", { schema: recordText("Global", [amount, memo], "app") });
    const folder = await makeFolder({
      "app.mjs": applicationModule({
        "app.Global": recordText("Global", [amount, { name: "new", type: "int" }], "app"),
      }),
    });
    const { code, stdout } = await cli(["check", "--app", "app.mjs"], { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toContain("FULL_TRANSITIVE with 1 version");
    expect((await cli(["check", "--app", "app.mjs", "--level", "none"], { cwd: folder })).code).toBe(0);
  });

  test("takes the ledger as it is built, and pushes it", async () => {
    const app = fileURLToPath(new URL("../../../examples/ledger/dist/app.js", import.meta.url));
    const before = JSON.parse((await cli(["check", "--app", app, "--json"])).stdout);
    expect(before.refused).toBe(0);
    expect(new Set(before.schemas.map(({ status }: { status: string }) => status))).toEqual(new Set(["new"]));
    expect((await cli(["push", "--app", app])).code).toBe(0);
    const after = JSON.parse((await cli(["check", "--app", app, "--json"])).stdout);
    expect(after.schemas.length).toBeGreaterThan(3);
    for (const { subject, status, level } of after.schemas) {
      expect({ subject, status, level }).toEqual({ subject, status: "unchanged", level: "FULL_TRANSITIVE" });
    }
  });

  test("finds files where npm was started, when they are not in the package's folder", async () => {
    const started = await makeFolder({ "package/keep": "", "one.avsc": recordText("One", [], "shop") });
    const cwd = join(started, "package");
    expect(await cli(["check", "one.avsc"], { cwd })).toMatchObject({ code: 2 });
    expect(await cli(["check", "one.avsc"], { cwd, env: { INIT_CWD: started } })).toMatchObject({ code: 0 });
  });

  test("says what is wrong with the module", async () => {
    const folder = await makeFolder({
      "empty.mjs": "export const app = {};\n",
      "throws.mjs": 'throw new Error("no database");\n',
      "odd.mjs": "export default { events: [{}] };\n",
      "app.ts": "",
    });
    const said = async (file: string): Promise<string> => {
      const { code, stderr } = await cli(["check", "--app", file], { cwd: folder });
      expect(code).toBe(2);
      return stderr;
    };
    expect(await said("missing.js")).toMatch(/is not there: build the project, or name another with --app/);
    expect(await said("empty.mjs")).toMatch(/default export of empty\.mjs is no application/);
    expect(await said("throws.mjs")).toMatch(/cannot be imported: Error: no database/);
    expect(await said("odd.mjs")).toMatch(/no event definition: make it with defineEvent/);
    expect(await said("app.ts")).toMatch(/TypeScript, which Node cannot import: build it/);
    const nothing = await cli(["check"], { cwd: folder });
    expect(nothing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nothing to look at: name \.avsc files/),
    });
  });
});

describe("check of files", () => {
  test("warns of names, ids alone, too many fields and what JavaScript cannot do, and refuses none of it", async () => {
    const fields = Array.from({ length: 41 }, (_, at) => ({ name: `f${at}`, type: "int" }));
    const folder = await makeFolder({
      "schemas/row.avsc": recordText("Row", [amount], "shop"),
      "schemas/updated.avsc": recordText("Updated", [amount], "shop"),
      "schemas/deep/version.avsc": recordText("Version3", [amount], "shop"),
      "schemas/v2.avsc": recordText("AccountOpenedV2", [amount], "shop"),
      "schemas/id.avsc": recordText("AccountClosed", [{ name: "accountId", type: "string" }], "shop"),
      "schemas/wide.avsc": recordText("Wide", fields, "shop"),
      "schemas/later.avsc": recordText(
        "Later",
        [{ name: "memo", type: ["string", "null"], default: null }],
        "shop",
      ),
      "schemas/fine.avsc": recordText("FundsDeposited", [amount], "shop"),
    });
    const { code, stdout } = await cli(["check", "schemas"], { cwd: folder });
    expect(code).toBe(0);
    const warnings = Object.fromEntries(
      [...stdout.matchAll(/^Warnings for (\S+)\n {2}(\S+) at/gm)].map(([, subject, rule]) => [subject, rule]),
    );
    expect(warnings).toEqual({
      "shop.Row": "vague-name",
      "shop.Updated": "vague-name",
      "shop.Version3": "version-in-name",
      "shop.AccountOpenedV2": "version-in-name",
      "shop.AccountClosed": "id-only",
      "shop.Wide": "too-many-fields",
      "shop.Later": "default-of-later-branch",
    });
    expect(stdout).toMatch(/8 schemas: 8 new, 7 warnings\n$/);
    expect((await cli(["check", "schemas", "--strict"], { cwd: folder })).code).toBe(1);
  });

  test("what is no schema ends with 1 and names the place", async () => {
    const folder = await makeFolder({
      "bad.avsc": recordText("Bad", [{ name: "a", type: "nothing" }]),
      "worse.avsc": "{",
      "good.avsc": recordText("Good", []),
    });
    const { code, stdout } = await cli(["check", "."], { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toContain("bad.avsc is not a valid schema");
    expect(stdout).toMatch(/"ledger\.nothing" is not defined here.*\(at \/fields\/0\/type\)/);
    expect(stdout).toContain("worse.avsc is not a valid schema");
    expect(stdout).toContain("new      ledger.Good");
  });

  test("files that are not there, folders without schemas, one name twice", async () => {
    const folder = await makeFolder({
      "none/readme": "",
      "twice/a.avsc": recordText("Twice", []),
      "twice/b.avsc": recordText("Twice", [amount]),
    });
    const said = async (path: string): Promise<string> =>
      (await cli(["check", path], { cwd: folder })).stderr;
    expect(await said("missing.avsc")).toBe("There is no file or folder missing.avsc\n");
    expect(await said("none")).toBe("There is no .avsc file below none\n");
    expect(await said("twice")).toMatch(/twice\/a\.avsc and twice\/b\.avsc both define ledger\.Twice/);
  });

  test("a namespace move against what is published", async () => {
    await server.registry.register("moved", { schema: recordText("Moved", [amount], "a") });
    const folder = await makeFolder({ "moved.avsc": recordText("Moved", [amount], "b") });
    const { code, stdout } = await cli(["check", "moved.avsc", "--subject", "{file}"], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain("namespace-moved at /name: Clients in JavaScript cannot read data of version 1");
  });
});

describe("push", () => {
  test("publishes files that use each other's types, with references, and again without change", async () => {
    const folder = await makeFolder({
      "a-order.avsc": recordText("Order", [{ name: "price", type: "money.Price" }], "shop"),
      "z/price.avsc": recordText("Price", [amount], "money"),
    });
    const first = await cli(["push", ".", "--subject", "push-{name}-value"], { cwd: folder });
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^push-money\.Price-value +version 1 +id \d+\npush-shop\.Order-value +version 1 +id \d+\n$/,
    );
    expect(await server.registry.getVersion("push-shop.Order-value", 1)).toMatchObject({
      references: [{ name: "money.Price", subject: "push-money.Price-value", version: 1 }],
    });
    const again = await cli(["push", ".", "--subject", "push-{name}-value"], { cwd: folder });
    expect(again.stdout).toBe(first.stdout);
    const check = await cli(["check", ".", "--subject", "push-{name}-value"], { cwd: folder });
    expect(check.stdout).toMatch(/2 schemas: 2 unchanged/);
  });

  test("gives events their level, and leaves one that is set", async () => {
    await server.registry.setCompatibility("BACKWARD", "push.Set");
    const folder = await makeFolder({
      "app.mjs": applicationModule({
        "push.Opened": recordText("Opened", [amount], "push"),
        "push.Set": recordText("Set", [amount], "push"),
      }),
    });
    const { code, stdout } = await cli(["--json", "push", "--app", "app.mjs"], { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).published).toMatchObject([
      { subject: "push.Opened", version: 1, warnings: [] },
      { subject: "push.Set", version: 1 },
    ]);
    expect(await server.registry.getCompatibility("push.Opened")).toBe("FULL_TRANSITIVE");
    expect(await server.registry.getCompatibility("push.Set")).toBe("BACKWARD");
  });

  test("publishes nothing when one would be refused", async () => {
    await server.registry.register("ledger.Old", { schema: recordText("Old", [amount]) });
    const folder = await makeFolder({
      "new.avsc": recordText("AFresh", [amount]),
      "old.avsc": recordText("Old", [amount, { name: "by", type: "string" }]),
    });
    const { code, stdout, stderr } = await cli(["push", "."], { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toContain("ledger.Old would be refused");
    expect(stderr).toContain("Nothing was published.");
    expect(await server.registry.listSubjects({ subjectPrefix: "ledger.AFresh" })).toEqual([]);
  });
});

describe("what can go wrong", () => {
  test("a registry that is away, a wrong url, wrong options", async () => {
    const folder = await makeFolder({ "a.avsc": recordText("A", []) });
    const run = (...args: string[]): Promise<CliRun> => cli(["check", "a.avsc", ...args], { cwd: folder });
    const away = await startRegistry();
    await away.close();
    expect(await run("--registry", away.url)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is not available after 4 attempts.*ECONNREFUSED.*Check that it runs/),
    });
    expect(await run("--registry", "ledger")).toMatchObject({
      code: 2,
      stderr: "--registry takes an http or https url, such as http://127.0.0.1:8081, not ledger\n",
    });
    expect((await run("--user", "ada")).stderr).toBe("--user takes name:password\n");
    expect((await run("--user", "a:b", "--token", "t")).stderr).toMatch(/--user or --token, not both/);
    expect((await run("--timeout", "soon")).stderr).toMatch(/--timeout takes a number of seconds, not soon/);
    expect((await run("--nonsense")).code).toBe(2);
    expect((await cli(["explode"])).stderr).toMatch(/unknown command 'explode'[^]*--help/);
  });

  test("every command teaches itself", async () => {
    const help = await cli(["--help"]);
    expect(help.code).toBe(0);
    const commands = ["check", "push", "list", "show", "diff", "export", "import"];
    for (const command of commands) {
      expect(help.stdout).toContain(`\n  ${command}`);
      const { code, stdout } = await cli([command, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain("--registry");
      expect(stdout).toContain("SCHEMA_REGISTRY_URL");
    }
  });
});

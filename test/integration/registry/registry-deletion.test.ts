import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const owner = { name: "owner", type: "string" };
const v1 = recordText("Opened", [owner]);
const v2 = recordText("Opened", [owner, { name: "memo", type: "string", default: "" }]);

let server: RunningRegistry;

beforeAll(async () => {
  // The level is not what these tests are about.
  server = await startRegistry({ defaultLevel: "NONE" });
});

afterAll(() => server.close());

async function publish(subject: string, ...schemas: string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const schema of schemas) {
    const { body } = await server.ask("POST", `/subjects/${subject}/versions`, { schema });
    ids.push(body.id);
  }
  return ids;
}

describe("soft delete", () => {
  test("hides a version from everything but its id", async () => {
    const [first, second] = await publish("hide", v1, v2);
    expect((await server.ask("DELETE", "/subjects/hide/versions/latest")).body).toBe(2);
    expect((await server.ask("GET", "/subjects/hide/versions")).body).toEqual([1]);
    expect((await server.ask("GET", "/subjects/hide/versions?deleted=true")).body).toEqual([1, 2]);
    expect((await server.ask("GET", "/subjects/hide/versions?deletedOnly=true")).body).toEqual([2]);
    expect((await server.ask("GET", "/subjects/hide/versions/2")).body.error_code).toBe(40402);
    expect((await server.ask("GET", "/subjects/hide/versions/2?deleted=true")).body).toMatchObject({
      id: second,
      deleted: true,
    });
    expect((await server.ask("POST", "/subjects/hide", { schema: v2 })).body.error_code).toBe(40403);
    expect((await server.ask("POST", "/subjects/hide?deleted=true", { schema: v2 })).body.version).toBe(2);
    expect((await server.ask("GET", `/schemas/ids/${second}`)).status).toBe(200);
    expect((await server.ask("GET", "/subjects/hide/versions/latest")).body.id).toBe(first);
  });

  test("a schema that comes back has its old id and a new version, the deleted one is gone", async () => {
    const [, second] = await publish("return", v1, v2);
    await server.ask("DELETE", "/subjects/return/versions/2");
    const back = await server.ask("POST", "/subjects/return/versions", { schema: v2 });
    expect(back.body).toMatchObject({ id: second, version: 3 });
    expect((await server.ask("GET", "/subjects/return/versions?deleted=true")).body).toEqual([1, 3]);
  });
});

describe("permanent delete", () => {
  test("needs a soft delete, frees the top number and ends the id, which nobody gets again", async () => {
    const other = recordText("OnlyHere", [owner]);
    const [, second] = await publish("gone", v1, other);
    const path = "/subjects/gone/versions/2";
    expect((await server.ask("DELETE", `${path}?permanent=true`)).body.error_code).toBe(40407);
    expect((await server.ask("DELETE", path)).body).toBe(2);
    expect((await server.ask("DELETE", path)).body.error_code).toBe(40406);
    expect((await server.ask("DELETE", `${path}?permanent=true`)).body).toBe(2);
    expect((await server.ask("GET", `/schemas/ids/${second}`)).body.error_code).toBe(40403);
    const next = await server.ask("POST", "/subjects/gone/versions", {
      schema: recordText("Next", [owner]),
    });
    expect(next.body.version).toBe(2);
    expect(next.body.id).toBeGreaterThan(second ?? 0);
  });

  test("of a subject answers its versions and drops its level", async () => {
    await publish("whole", v1, v2);
    await server.ask("PUT", "/config/whole", { compatibility: "FULL" });
    const path = "/subjects/whole";
    expect((await server.ask("DELETE", "/subjects/absent")).body.error_code).toBe(40401);
    expect((await server.ask("DELETE", `${path}?permanent=true`)).body.error_code).toBe(40405);
    expect((await server.ask("DELETE", path)).body).toEqual([1, 2]);
    expect((await server.ask("DELETE", path)).body.error_code).toBe(40404);
    expect((await server.ask("GET", "/subjects")).body).not.toContain("whole");
    expect((await server.ask("GET", "/subjects?deletedOnly=true")).body).toContain("whole");
    expect((await server.ask("GET", "/subjects/whole/versions")).body.error_code).toBe(40401);
    expect((await server.ask("DELETE", `${path}?permanent=true`)).body).toEqual([1, 2]);
    expect((await server.ask("GET", "/subjects?deleted=true")).body).not.toContain("whole");
    expect((await server.ask("GET", "/config/whole")).body.error_code).toBe(40408);
  });
});

describe("references", () => {
  const money = recordText("Money", [{ name: "units", type: "long" }]);
  const transfer = recordText("Transfer", [{ name: "amount", type: "ledger.Money" }]);
  const references = [{ name: "ledger.Money", subject: "money", version: 1 }];

  test("let a schema use another subject's type, are part of its identity, and protect it", async () => {
    await publish("money", money);
    const body = { schema: transfer, references };
    const registered = await server.ask("POST", "/subjects/transfer/versions", body);
    expect(registered).toMatchObject({ status: 200, body: { version: 1, references } });
    expect((await server.ask("GET", `/schemas/ids/${registered.body.id}`)).body.references).toEqual(
      references,
    );
    expect(JSON.parse(registered.body.schema).fields[0].type).toBe("Money");
    const latest = { schema: transfer, references: [{ ...references[0], version: -1 }] };
    expect((await server.ask("POST", "/subjects/transfer", latest)).body.version).toBe(1);
    expect((await server.ask("GET", "/subjects/money/versions/1/referencedby")).body).toEqual([
      registered.body.id,
    ]);
    expect((await server.ask("DELETE", "/subjects/money")).body.error_code).toBe(42206);
    await server.ask("DELETE", "/subjects/transfer");
    expect((await server.ask("DELETE", "/subjects/money")).body).toEqual([1]);
    expect((await server.ask("DELETE", "/subjects/money?permanent=true")).body.error_code).toBe(42206);
    await server.ask("DELETE", "/subjects/transfer?permanent=true");
    expect((await server.ask("DELETE", "/subjects/money?permanent=true")).body).toEqual([1]);
  });

  test("written out into one text, they are found under the version that uses them", async () => {
    await publish("coin", money);
    const used = [{ name: "ledger.Money", subject: "coin", version: 1 }];
    const fields = [
      { name: "amount", type: "ledger.Money" },
      { name: "fee", type: "Money" },
    ];
    const schema = recordText("Paid", fields);
    const { body } = await server.ask("POST", "/subjects/paid/versions", { schema, references: used });
    const whole = recordText("Paid", [{ name: "amount", type: JSON.parse(money) }, ...fields.slice(1)]);
    expect((await server.ask("POST", "/subjects/paid", { schema: whole })).body).toMatchObject({
      version: 1,
      id: body.id,
      references: used,
    });
    expect((await server.ask("POST", "/subjects/paid/versions", { schema: whole })).body.version).toBe(1);
    const other = recordText("Paid", [{ name: "amount", type: JSON.parse(money) }]);
    expect((await server.ask("POST", "/subjects/paid", { schema: other })).body.error_code).toBe(40403);
  });

  test("to what is not there are refused with the remedy", async () => {
    const body = { schema: transfer, references: [{ name: "x.Y", subject: "nowhere", version: 3 }] };
    const refused = await server.ask("POST", "/subjects/dangling/versions", body);
    expect(refused).toMatchObject({ status: 422, body: { error_code: 42201 } });
    expect(refused.body.message).toContain("register it first");
  });
});

describe("modes", () => {
  test("READONLY refuses every write but a schema that is there", async () => {
    await publish("frozen", v1);
    expect((await server.ask("PUT", "/mode/frozen", { mode: "READONLY" })).body).toEqual({
      mode: "READONLY",
    });
    const path = "/subjects/frozen";
    expect((await server.ask("POST", `${path}/versions`, { schema: v1 })).status).toBe(200);
    expect((await server.ask("POST", `${path}/versions`, { schema: v2 })).body.error_code).toBe(42205);
    expect((await server.ask("DELETE", path)).body.error_code).toBe(42205);
    const level = { compatibility: "FULL" };
    expect((await server.ask("PUT", "/config/frozen", level)).body.error_code).toBe(42205);
    expect((await server.ask("DELETE", "/mode/frozen")).body).toEqual({ mode: "READONLY" });
    expect((await server.ask("POST", `${path}/versions`, { schema: v2 })).status).toBe(200);
    expect((await server.ask("PUT", "/mode/frozen", { mode: "ICE" })).body.error_code).toBe(42204);
  });

  test("IMPORT keeps ids and versions, and later ids start behind them", async () => {
    const imported = recordText("Imported", [owner]);
    const path = "/subjects/imported/versions";
    const request = { schema: imported, id: 4711, version: 7 };
    expect((await server.ask("POST", path, request)).body.error_code).toBe(42205);
    await server.ask("PUT", "/mode/imported", { mode: "IMPORT" });
    expect((await server.ask("POST", path, request)).body).toMatchObject({ id: 4711, version: 7 });
    expect((await server.ask("POST", path, request)).body).toMatchObject({ id: 4711, version: 7 });
    expect((await server.ask("GET", path)).body).toEqual([7]);
    const taken = { schema: recordText("Other", [owner]), id: 4711, version: 8 };
    expect((await server.ask("POST", path, taken)).body.error_code).toBe(42205);
    const elsewhere = { schema: imported, id: 4712, version: 8 };
    expect((await server.ask("POST", path, elsewhere)).body.error_code).toBe(42207);
    await server.ask("DELETE", "/mode/imported");
    const next = await server.ask("POST", path, { schema: recordText("After", [owner]) });
    expect(next.body.version).toBe(8);
    expect(next.body.id).toBeGreaterThan(4711);
    expect((await server.ask("PUT", "/mode/imported", { mode: "IMPORT" })).body.error_code).toBe(42205);
    expect((await server.ask("PUT", "/mode/imported?force=true", { mode: "IMPORT" })).status).toBe(200);
  });
});

describe("metadata", () => {
  test("is part of the identity, and finds the latest version that has it", async () => {
    const path = "/subjects/noted/versions";
    const noted = (major: string): object => ({
      schema: v1,
      metadata: { properties: { "application.major.version": major, team: "core" } },
    });
    await server.ask("POST", path, { schema: v1 });
    const first = await server.ask("POST", path, noted("1"));
    const second = await server.ask("POST", path, noted("2"));
    expect([first.body.version, second.body.version]).toEqual([2, 3]);
    expect((await server.ask("POST", path, noted("1"))).body).toMatchObject({
      version: 2,
      ...noted("1"),
      schema: first.body.schema,
    });
    const find = (query: string) => server.ask("GET", `/subjects/noted/metadata?${query}`);
    expect((await find("key=application.major.version&value=1")).body.version).toBe(2);
    expect((await find("key=team&value=core")).body.version).toBe(3);
    expect((await find("key=team&value=core&key=application.major.version&value=1")).body.version).toBe(2);
    expect((await find("key=team&value=x")).body.error_code).toBe(40403);
    expect((await find("key=team")).body.error_code).toBe(422);
    expect((await find("key=%00&value=1")).body.error_code).toBe(422);
    expect((await server.ask("GET", "/subjects/absent/metadata?key=a&value=b")).body.error_code).toBe(40401);
    const hostile = { schema: v1, metadata: { properties: { "a\0": "b" } } };
    expect((await server.ask("POST", path, hostile)).body.error_code).toBe(422);
    const large = { schema: v1, metadata: { properties: { a: "b".repeat(70_000) } } };
    expect((await server.ask("POST", path, large)).body.error_code).toBe(42209);
    const rules = { schema: v1, ruleSet: { domainRules: [] } };
    expect((await server.ask("POST", path, rules)).body.error_code).toBe(42210);
  });

  test("the highest id of a context comes with an id when asked for", async () => {
    const [id] = await publish("highest", recordText("Highest", [owner]));
    const { body } = await server.ask("GET", `/schemas/ids/${id}?fetchMaxId=true`);
    expect(body.maxId).toBe(
      Math.max(...(await server.registry.listSchemas({ visibility: "all" })).map((found) => found.id)),
    );
  });
});

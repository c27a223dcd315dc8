import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const owner = { name: "owner", type: "string" };
const v1 = recordText("Opened", [owner]);
const v2 = recordText("Opened", [owner, { name: "memo", type: ["null", "string"], default: null }]);
const v3 = recordText("Opened", [owner, { name: "note", type: ["null", "string"], default: null }]);

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
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

describe("lists", () => {
  test("deleted versions show as negative numbers when asked", async () => {
    await publish("negative", v1, v2, v3);
    await server.ask("DELETE", "/subjects/negative/versions/2");
    const path = "/subjects/negative/versions";
    expect((await server.ask("GET", `${path}?deletedAsNegative=true`)).body).toEqual([1, -2, 3]);
    expect((await server.ask("GET", `${path}?deletedAsNegative=true&offset=1&limit=1`)).body).toEqual([-2]);
    expect((await server.ask("GET", `${path}?deletedOnly=true&deletedAsNegative=true`)).body).toEqual([-2]);
    expect((await server.ask("GET", `${path}?deletedAsNegative=false`)).body).toEqual([1, 3]);
  });

  test("all schemas, by prefix, latest only, with the deleted ones, in pages", async () => {
    await publish("listed-a", v1, v2);
    await publish("listed-b", v3);
    await server.ask("DELETE", "/subjects/listed-a/versions/2");
    const versionsOf = async (query: string): Promise<string[]> =>
      (await server.ask("GET", `/schemas?subjectPrefix=listed-${query}`)).body.map(
        ({ subject, version }: { subject: string; version: number }) => `${subject} ${version}`,
      );
    expect(await versionsOf("")).toEqual(["listed-a 1", "listed-b 1"]);
    expect(await versionsOf("&deleted=true")).toEqual(["listed-a 1", "listed-a 2", "listed-b 1"]);
    expect(await versionsOf("&deleted=true&latestOnly=true")).toEqual(["listed-a 2", "listed-b 1"]);
    expect(await versionsOf("&offset=1&limit=5")).toEqual(["listed-b 1"]);
    expect(await versionsOf("&limit=0")).toEqual([]);
  });

  test("the highest id comes with an id's schema when asked", async () => {
    const [first] = await publish("highest", recordText("Highest", [owner]));
    const { body } = await server.ask("GET", `/schemas/ids/${first}?fetchMaxId=true`);
    expect(body.maxId).toBeGreaterThanOrEqual(first ?? 0);
    expect((await server.ask("GET", `/schemas/ids/${first}`)).body).not.toHaveProperty("maxId");
  });
});

describe("formats", () => {
  test("resolved writes references out, unknown formats are the default", async () => {
    await publish("format-money", recordText("Money", [{ name: "units", type: "long" }]));
    const references = [{ name: "ledger.Money", subject: "format-money", version: 1 }];
    const schema = recordText("Paid", [{ name: "amount", type: "Money" }]);
    const { body } = await server.ask("POST", "/subjects/format-paid/versions", { schema, references });
    for (const path of [
      "/subjects/format-paid/versions/1",
      `/schemas/ids/${body.id}`,
      `/schemas/guids/${body.guid}`,
    ]) {
      const resolved = (await server.ask("GET", `${path}?format=resolved`)).body;
      expect(JSON.parse(resolved.schema).fields[0].type, path).toMatchObject({
        name: "Money",
        type: "record",
      });
      expect(resolved.references, path).toEqual(references);
      for (const format of ["", "default", "serialized", "ignore_extensions"]) {
        const answer = await server.ask("GET", `${path}?format=${format}`);
        expect(answer.body.schema, `${path} ${format}`).toBe(body.schema);
      }
    }
    const bare = await server.ask("GET", `/schemas/ids/${body.id}/schema?format=resolved`);
    expect(bare.body.fields[0].type.name).toBe("Money");
  });
});

describe("contexts", () => {
  test("a path prefix is the same as a qualified subject", async () => {
    for (const [index, prefix] of ["/contexts/.lab", "/contexts/lab", "/contexts/:.lab:"].entries()) {
      const schema = recordText(`Lab${index}`, [owner]);
      const { body } = await server.ask("POST", `${prefix}/subjects/lab-${index}/versions`, { schema });
      expect(body).toMatchObject({ subject: `:.lab:lab-${index}`, version: 1 });
      const at = `${prefix}/subjects/lab-${index}`;
      expect((await server.ask("GET", `${at}/versions`)).body).toEqual([1]);
      expect((await server.ask("POST", at, { schema })).body.id).toBe(body.id);
      expect((await server.ask("GET", `${prefix}/schemas/ids/${body.id}`)).body.schema).toBe(body.schema);
      expect(
        (await server.ask("GET", `${prefix}/schemas/ids/${body.id}?subject=lab-${index}`)).body,
      ).toMatchObject({
        subject: `:.lab:lab-${index}`,
        version: 1,
      });
      const check = await server.ask(
        "POST",
        `${prefix}/compatibility/subjects/lab-${index}/versions/latest`,
        {
          schema: recordText(`Lab${index}`, [{ name: "other", type: "int" }]),
        },
      );
      expect(check.body.is_compatible).toBe(false);
    }
    const subjects = [":.lab:lab-0", ":.lab:lab-1", ":.lab:lab-2"];
    expect((await server.ask("GET", "/contexts/.lab/subjects")).body).toEqual(subjects);
    expect((await server.ask("GET", "/contexts/.lab/subjects?subjectPrefix=lab-1")).body).toEqual([
      subjects[1],
    ]);
    expect((await server.ask("GET", "/subjects?subjectPrefix=:.lab:")).body).toEqual(subjects);
    expect((await server.ask("GET", "/contexts/.lab/schemas")).body).toHaveLength(3);
    expect((await server.ask("GET", "/subjects?subjectPrefix=lab-")).body).toEqual([]);
    expect((await server.ask("GET", "/contexts/.lab/nowhere")).body.error_code).toBe(404);
    expect((await server.ask("GET", "/contexts/:.:/subjects?subjectPrefix=negative")).body).toEqual([
      "negative",
    ]);
  });

  test("has a level and a mode of its own, which its subjects follow", async () => {
    expect((await server.ask("GET", "/contexts/.own/config")).body.error_code).toBe(40408);
    await server.ask("PUT", "/contexts/.own/config", { compatibility: "FULL" });
    expect((await server.ask("GET", "/config/:.own:")).body).toEqual({ compatibilityLevel: "FULL" });
    expect((await server.ask("GET", "/config")).body).toEqual({ compatibilityLevel: "BACKWARD" });
    const inherited = await server.ask("GET", "/contexts/.own/config/any?defaultToGlobal=true");
    expect(inherited.body).toEqual({ compatibilityLevel: "FULL" });
    await server.ask("PUT", "/contexts/.own/mode", { mode: "READONLY" });
    const refused = await server.ask("POST", "/contexts/.own/subjects/any/versions", { schema: v1 });
    expect(refused).toMatchObject({ status: 422, body: { error_code: 42205 } });
    expect((await server.ask("DELETE", "/contexts/.own/mode")).body).toEqual({ mode: "READONLY" });
  });

  test("an empty one can be dropped with its settings, another one not", async () => {
    await server.ask("PUT", "/contexts/.gone/config", { compatibility: "NONE" });
    await server.ask("POST", "/contexts/.gone/subjects/last/versions", { schema: v1 });
    const path = "/contexts/.gone";
    expect((await server.ask("DELETE", path)).body.error_code).toBe(42211);
    await server.ask("DELETE", `${path}/subjects/last`);
    expect((await server.ask("DELETE", path)).body.error_code).toBe(42211);
    await server.ask("DELETE", `${path}/subjects/last?permanent=true`);
    expect((await fetch(`${server.url}${path}`, { method: "DELETE" })).status).toBe(204);
    expect((await server.ask("GET", `${path}/config`)).body.error_code).toBe(40408);
  });

  test("references stay within the context unless they name another one", async () => {
    await server.ask("POST", "/contexts/.ref/subjects/money/versions", {
      schema: recordText("Money", [{ name: "units", type: "long" }]),
    });
    await publish("outer-money", recordText("Money", [{ name: "units", type: "int" }]));
    const schema = recordText("Paid", [{ name: "amount", type: "Money" }]);
    const own = [{ name: "ledger.Money", subject: "money", version: -1 }];
    const inner = await server.ask("POST", "/contexts/.ref/subjects/paid/versions", {
      schema,
      references: own,
    });
    expect(inner.body.references).toEqual([{ name: "ledger.Money", subject: ":.ref:money", version: 1 }]);
    const outside = [{ name: "ledger.Money", subject: ":.:outer-money", version: 1 }];
    const outer = await server.ask("POST", "/contexts/.ref/subjects/paid-out/versions", {
      schema,
      references: outside,
    });
    expect(outer.body.references).toEqual([{ name: "ledger.Money", subject: "outer-money", version: 1 }]);
    const resolved = await server.ask("GET", "/contexts/.ref/subjects/paid-out/versions/1?format=resolved");
    expect(JSON.parse(resolved.body.schema).fields[0].type.fields[0].type).toBe("int");
  });
});

describe("modes", () => {
  test("READONLY and FORWARD refuse what writes, and nothing else", async () => {
    const [id] = await publish("modes", v1);
    for (const mode of ["READONLY", "forward"]) {
      expect((await server.ask("PUT", "/mode/modes", { mode })).body).toEqual({ mode: mode.toUpperCase() });
      const writes = [
        ["POST", "/subjects/modes/versions", { schema: v2 }],
        ["DELETE", "/subjects/modes", undefined],
        ["DELETE", "/subjects/modes/versions/1", undefined],
        ["PUT", "/config/modes", { compatibility: "NONE" }],
        ["DELETE", "/config/modes", undefined],
      ] as const;
      for (const [method, path, body] of writes) {
        const answer = await server.ask(method, path, body);
        expect(answer, `${mode} ${method} ${path}`).toMatchObject({
          status: 422,
          body: { error_code: 42205 },
        });
      }
      expect((await server.ask("POST", "/subjects/modes/versions", { schema: v1 })).body).toMatchObject({
        id,
      });
      expect((await server.ask("GET", "/subjects/modes/versions")).body).toEqual([1]);
    }
    expect((await server.ask("DELETE", "/mode/modes")).body).toEqual({ mode: "FORWARD" });
    expect((await server.ask("PUT", "/mode/modes", { mode: "OPEN" })).body).toEqual({
      error_code: 42204,
      message: "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.",
    });
  });

  test("IMPORT needs an empty subject or force, and keeps ids and versions", async () => {
    await publish("imported", v1);
    const path = "/mode/imported";
    expect((await server.ask("PUT", path, { mode: "IMPORT" })).body.error_code).toBe(42205);
    expect((await server.ask("PUT", `${path}?force=true`, { mode: "IMPORT" })).body).toEqual({
      mode: "IMPORT",
    });
    const versions = "/subjects/imported/versions";
    const sent = { schema: recordText("Imported", [{ name: "x", type: "int" }]), id: 500_001, version: 7 };
    expect((await server.ask("POST", versions, sent)).body).toMatchObject({ id: 500_001, version: 7 });
    expect((await server.ask("POST", versions, sent)).body).toMatchObject({ id: 500_001, version: 7 });
    const otherSchema = { ...sent, schema: recordText("Imported", [{ name: "y", type: "int" }]) };
    expect((await server.ask("POST", versions, { ...otherSchema, version: 8 })).body.error_code).toBe(42205);
    expect((await server.ask("POST", versions, { ...sent, id: 500_002, version: 9 })).body.error_code).toBe(
      42207,
    );
    expect((await server.ask("POST", versions, { ...otherSchema, id: 500_003 })).body.error_code).toBe(42205);
    await server.ask("PUT", path, { mode: "READWRITE" });
    expect((await server.ask("POST", versions, otherSchema)).body.error_code).toBe(42205);
    const [next] = await publish("after-import", recordText("AfterImport", [owner]));
    expect(next).toBeGreaterThan(500_001);
  });
});

describe("identity", () => {
  const annotated = (text: string): string => `{"type":"record","name":"Kept","fields":[],${text}}`;

  test("the order of custom properties does not make another schema within a subject", async () => {
    const [first] = await publish("order", annotated('"a":{"x":1,"y":2},"b":1'));
    for (const schema of [annotated('"b":1,"a":{"x":1,"y":2}'), annotated('"a":{"y":2,"x":1},"b":1')]) {
      const again = await server.ask("POST", "/subjects/order/versions", { schema });
      expect(again.body).toMatchObject({ id: first, version: 1 });
      expect((await server.ask("POST", "/subjects/order", { schema })).body).toMatchObject({ version: 1 });
    }
    const different = [annotated('"b":2,"a":{"x":1,"y":2}'), annotated('"b":1.0,"a":{"x":1,"y":2}')];
    for (const [index, schema] of different.entries()) {
      expect((await server.ask("POST", "/subjects/order", { schema })).body.error_code).toBe(40403);
      const { body } = await server.ask("POST", "/subjects/order/versions", { schema });
      expect(body).toMatchObject({ version: index + 2 });
    }
    const [elsewhere] = await publish("order-elsewhere", annotated('"b":1,"a":{"x":1,"y":2}'));
    expect(elsewhere).not.toBe(first);
  });

  test("a long default beyond 2^53 counts to the last digit", async () => {
    const text = (digits: string): string =>
      `{"type":"record","name":"Big","p":1,"q":2,"fields":[{"name":"n","type":"long","default":${digits}}]}`;
    const { body } = await server.ask("POST", "/subjects/big/versions", { schema: text("9007199254740993") });
    expect(body.schema).toContain("9007199254740993");
    const other = text("9007199254740992").replace('"p":1,"q":2', '"q":2,"p":1');
    expect((await server.ask("POST", "/subjects/big", { schema: other })).body.error_code).toBe(40403);
  });

  test("normalize stores the normalized text, and finds what is equal once normalized", async () => {
    const aliases = (order: string): string =>
      `{"type":"record","name":"Norm","aliases":[${order}],"fields":[{"name":"d","type":"double","default":1}]}`;
    const [plain] = await publish("norm", aliases('"Z","A"'));
    const sorted = { schema: aliases('"A","Z"') };
    expect((await server.ask("POST", "/subjects/norm", sorted)).body.error_code).toBe(40403);
    expect((await server.ask("POST", "/subjects/norm?normalize=true", sorted)).body).toMatchObject({
      id: plain,
    });
    expect((await server.ask("POST", "/subjects/norm/versions?normalize=true", sorted)).body).toMatchObject({
      id: plain,
      version: 1,
    });
    const fresh = await server.ask("POST", "/subjects/norm-new/versions?normalize=true", {
      schema: aliases('"Z","A"'),
    });
    expect(fresh.body.schema).toContain('"default":1.0');
    expect(fresh.body.schema).toContain('"aliases":["A","Z"]');
    expect((await server.ask("POST", "/subjects/norm-new", sorted)).body.error_code).toBe(40403);
  });
});

test("metadata of the registry, for clients that ask", async () => {
  const version = await server.ask("GET", "/v1/metadata/version");
  expect(version.body).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), commitId: "" });
  const { body } = await server.ask("GET", "/v1/metadata/id");
  expect(body).toMatchObject({
    id: "",
    scope: { path: [], clusters: { "schema-registry-cluster": "tidemark" } },
  });
  for (const path of [
    "/associations/subjects/a",
    "/associations/resources/r",
    "/associations/resources/-/t",
  ]) {
    expect(await server.ask("GET", path)).toMatchObject({ status: 200, body: [] });
  }
});

test("an id that is deleted for good elsewhere is gone here at once, although it was just read", async () => {
  const other = await server.startAnother();
  const [id] = await publish("short-lived", recordText("ShortLived", [owner]));
  expect((await server.ask("GET", `/schemas/ids/${id}`)).status).toBe(200);
  await fetch(`${other.url}/subjects/short-lived`, { method: "DELETE" });
  expect((await server.ask("GET", `/schemas/ids/${id}`)).status).toBe(200);
  await fetch(`${other.url}/subjects/short-lived?permanent=true`, { method: "DELETE" });
  expect((await server.ask("GET", `/schemas/ids/${id}`)).body.error_code).toBe(40403);

  // An import may give the id to another schema then.
  await fetch(`${other.url}/mode/short-lived`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ mode: "IMPORT" }),
  });
  const schema = recordText("LongLived", [owner]);
  await fetch(`${other.url}/subjects/short-lived/versions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ schema, id, version: 1 }),
  });
  expect((await server.ask("GET", `/schemas/ids/${id}`)).body.schema).toContain("LongLived");
  await other.close();
});

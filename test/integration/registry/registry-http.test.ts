import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const owner = { name: "owner", type: "string" };
const memo = { name: "memo", type: ["null", "string"], default: null };
const limit = { name: "limit", type: "long" };

const v1 = recordText("Opened", [owner]);
const v2 = recordText("Opened", [owner, memo]);
const incompatible = recordText("Opened", [owner, limit]);

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

describe("publishing", () => {
  test("registers, evolves and answers what Confluent 8 answers", async () => {
    const first = await server.ask("POST", "/subjects/flow/versions", { schema: v1 });
    expect(first.status).toBe(200);
    expect(first.headers.get("content-type")).toMatch(/^application\/vnd\.schemaregistry\.v1\+json/);
    expect(first.body).toMatchObject({ subject: "flow", version: 1, schemaType: "AVRO" });
    expect(first.body.id).toBeGreaterThan(0);

    const second = await server.ask("POST", "/subjects/flow/versions", { schema: v2 });
    expect(second.body).toMatchObject({ version: 2 });
    expect(second.body.id).not.toBe(first.body.id);

    expect((await server.ask("GET", "/subjects/flow/versions")).body).toEqual([1, 2]);
    expect((await server.ask("GET", "/subjects/flow/versions/latest")).body).toMatchObject({
      subject: "flow",
      version: 2,
      id: second.body.id,
      schema: second.body.schema,
    });
    expect((await server.ask("GET", `/schemas/ids/${first.body.id}`)).body).toMatchObject({
      schema: first.body.schema,
    });
    expect((await server.ask("GET", `/schemas/ids/${first.body.id}/versions`)).body).toEqual([
      { subject: "flow", version: 1 },
    ]);
    const bare = await server.ask("GET", "/subjects/flow/versions/1/schema");
    expect(bare.body).toEqual(JSON.parse(first.body.schema));
  });

  test("publishing what is there answers its version, in any spelling and although later ones exclude it", async () => {
    const first = await server.ask("POST", "/subjects/again/versions", { schema: v1 });
    await server.ask("PUT", "/config/again", { compatibility: "NONE" });
    await server.ask("POST", "/subjects/again/versions", { schema: incompatible });
    await server.ask("PUT", "/config/again", { compatibility: "FULL" });
    const spelled = `  {"fields":[{"type":{"type":"string"},"name":"owner"}],"name":"ledger.Opened","type":"record"} `;
    const again = await server.ask("POST", "/subjects/again/versions", { schema: spelled });
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id, version: 1 } });
    expect((await server.ask("GET", "/subjects/again/versions")).body).toEqual([1, 2]);
  });

  test("equal schemas of two subjects share an id", async () => {
    const one = await server.ask("POST", "/subjects/share-1/versions", { schema: v1 });
    const two = await server.ask("POST", "/subjects/share-2/versions", { schema: v1 });
    expect(two.body.id).toBe(one.body.id);
    const subjects = await server.ask("GET", `/schemas/ids/${one.body.id}/subjects`);
    expect(subjects.body).toEqual(expect.arrayContaining(["share-1", "share-2"]));
  });

  test("a refusal names kind, path, earlier version and a way out, and stores nothing", async () => {
    await server.ask("POST", "/subjects/refuse/versions", { schema: v1 });
    const refused = await server.ask("POST", "/subjects/refuse/versions", { schema: incompatible });
    expect(refused.status).toBe(409);
    expect(refused.body.error_code).toBe(40901);
    expect(refused.body.message).toContain("READER_FIELD_MISSING_DEFAULT_VALUE");
    expect(refused.body.message).toContain("{oldSchemaVersion: 1}");
    expect(refused.body.incompatibilities).toEqual([
      expect.objectContaining({
        kind: "READER_FIELD_MISSING_DEFAULT_VALUE",
        path: "/fields/1",
        version: 1,
        direction: "backward",
        hint: expect.stringContaining("default"),
      }),
    ]);
    expect((await server.ask("GET", "/subjects/refuse/versions")).body).toEqual([1]);
  });
});

describe("compatibility", () => {
  test("a check says what a publish would, with the reasons", async () => {
    await server.ask("POST", "/subjects/check/versions", { schema: v1 });
    const path = "/compatibility/subjects/check/versions";
    expect((await server.ask("POST", `${path}/latest`, { schema: v2 })).body).toMatchObject({
      is_compatible: true,
    });
    for (const version of ["/latest", "/1", "/-1", ""]) {
      const verdict = await server.ask("POST", `${path}${version}?verbose=true`, { schema: incompatible });
      expect(verdict).toMatchObject({ status: 200, body: { is_compatible: false } });
      expect(verdict.body.messages[0]).toMatch(
        /^\{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'.*\/fields\/1.*', additionalInfo:'/,
      );
      expect(verdict.body.incompatibilities).toHaveLength(1);
    }
    expect(await server.ask("POST", `${path}/9`, { schema: v2 })).toMatchObject({
      status: 404,
      body: { error_code: 40402 },
    });
    const absent = await server.ask("POST", "/compatibility/subjects/none/versions/latest", { schema: v2 });
    expect(absent).toMatchObject({ status: 200, body: { is_compatible: true } });
  });

  test("a transitive level looks at every version, another one at the latest only", async () => {
    const texts = [v1, recordText("Opened", [owner, { ...limit, default: 0 }]), incompatible];
    for (const schema of texts) await server.ask("POST", "/subjects/transitive/versions", { schema });
    expect((await server.ask("GET", "/subjects/transitive/versions")).body).toEqual([1, 2, 3]);
    await server.ask("DELETE", "/subjects/transitive/versions/3");
    await server.ask("PUT", "/config/transitive", { compatibility: "BACKWARD_TRANSITIVE" });
    const refused = await server.ask("POST", "/subjects/transitive/versions", { schema: incompatible });
    expect(refused).toMatchObject({ status: 409, body: { incompatibilities: [{ version: 1 }] } });
  });

  test("the subject's level wins over the global one, and is 404 while unset", async () => {
    expect(await server.ask("GET", "/config/levels")).toMatchObject({
      status: 404,
      body: { error_code: 40408 },
    });
    expect((await server.ask("GET", "/config/levels?defaultToGlobal=true")).body).toEqual({
      compatibilityLevel: "BACKWARD",
    });
    expect((await server.ask("PUT", "/config/levels", { compatibility: "forward" })).body).toEqual({
      compatibility: "FORWARD",
    });
    expect((await server.ask("GET", "/config/levels")).body).toEqual({ compatibilityLevel: "FORWARD" });
    expect((await server.ask("DELETE", "/config/levels")).body).toEqual({ compatibilityLevel: "FORWARD" });
    expect(await server.ask("DELETE", "/config/levels")).toMatchObject({
      status: 404,
      body: { error_code: 40401 },
    });
    expect(await server.ask("PUT", "/config/levels", { compatibility: "LOOSE" })).toMatchObject({
      status: 422,
      body: { error_code: 42203 },
    });
    expect((await server.ask("GET", "/config")).body).toEqual({ compatibilityLevel: "BACKWARD" });
  });
});

describe("look-ups", () => {
  test("finds a schema under its subject, and says which part is missing", async () => {
    const { body } = await server.ask("POST", "/subjects/look/versions", { schema: v1 });
    expect((await server.ask("POST", "/subjects/look", { schema: v1 })).body).toMatchObject({
      subject: "look",
      version: 1,
      id: body.id,
    });
    const cases = [
      ["POST", "/subjects/look", { schema: v2 }, 404, 40403],
      ["POST", "/subjects/absent", { schema: v2 }, 404, 40401],
      ["GET", "/subjects/absent/versions", undefined, 404, 40401],
      ["GET", "/subjects/absent/versions/1", undefined, 404, 40401],
      ["GET", "/subjects/look/versions/7", undefined, 404, 40402],
      ["GET", "/subjects/look/versions/0", undefined, 422, 42202],
      ["GET", "/subjects/look/versions/2147483648", undefined, 422, 42202],
      ["GET", "/subjects/look/versions/one", undefined, 422, 42202],
      ["GET", "/schemas/ids/2147483647", undefined, 404, 40403],
      ["GET", "/schemas/ids/9999999999", undefined, 404, 40403],
      ["GET", "/schemas/ids/abc", undefined, 404, 404],
      ["GET", "/schemas/guids/abc", undefined, 404, 40403],
      ["GET", "/mode/look", undefined, 404, 40409],
      ["GET", "/nothing/here", undefined, 404, 404],
      ["PATCH", "/subjects", undefined, 404, 404],
    ] as const;
    for (const [method, path, sent, status, code] of cases) {
      const answer = await server.ask(method, path, sent);
      expect(answer, `${method} ${path}`).toMatchObject({ status, body: { error_code: code } });
      expect(answer.body.message, `${method} ${path}`).toBeTypeOf("string");
    }
  });

  test("answers who and when, contexts, types, mode and associations", async () => {
    const registered = await server.registry.register("who", { schema: v1 }, { author: "ada" });
    expect(registered).toMatchObject({ author: "ada" });
    const { body } = await server.ask("GET", "/subjects/who/versions/1");
    expect(body).toMatchObject({ author: "ada" });
    expect(Math.abs(Date.now() - body.ts)).toBeLessThan(60_000);
    expect((await server.ask("GET", "/")).body).toEqual({});
    expect((await server.ask("GET", "/contexts")).body).toEqual(["."]);
    expect((await server.ask("GET", "/schemas/types")).body).toEqual(["AVRO"]);
    expect((await server.ask("GET", "/mode")).body).toEqual({ mode: "READWRITE" });
    const associations = "/associations/resources/-/topic?resourceType=topic&associationType=value";
    expect(await server.ask("GET", associations)).toMatchObject({ status: 200, body: [] });
  });

  test("subjects are any text, sorted by code points, and filtered by prefix", async () => {
    const names = ["a/b ü%", "B", "a", "é".repeat(120), "x".repeat(255)];
    for (const name of names) {
      const path = `/subjects/${encodeURIComponent(name)}/versions`;
      expect(await server.ask("POST", path, { schema: v1 }), name).toMatchObject({ status: 200 });
      expect((await server.ask("GET", path)).body).toEqual([1]);
    }
    const { body } = await server.ask("GET", "/subjects");
    expect(body).toEqual(body.toSorted());
    expect(body).toEqual(expect.arrayContaining(names));
    expect((await server.ask("GET", `/subjects?subjectPrefix=${encodeURIComponent("a/b")}`)).body).toEqual([
      "a/b ü%",
    ]);
    const [, second, third] = body;
    expect((await server.ask("GET", "/subjects?offset=1&limit=2")).body).toEqual([second, third]);
  });

  test("a context has ids and subjects of its own", async () => {
    const subject = encodeURIComponent(":.staging:flow");
    const { body } = await server.ask("POST", `/subjects/${subject}/versions`, { schema: v1 });
    expect(body).toMatchObject({ subject: ":.staging:flow", version: 1 });
    expect((await server.ask("GET", `/schemas/ids/${body.id}?subject=${subject}`)).body).toMatchObject({
      subject: ":.staging:flow",
      version: 1,
    });
    expect((await server.ask("GET", `/schemas/ids/${body.id}`)).body.error_code).toBe(40403);
    expect((await server.ask("GET", "/contexts")).body).toEqual([".", ".staging"]);
  });
});

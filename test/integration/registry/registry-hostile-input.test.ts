import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const v1 = recordText("Opened", [{ name: "owner", type: "string" }]);

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

describe("what clients send differently", () => {
  test("every request type with and without charset, and no body with a type", async () => {
    for (const type of [
      "application/vnd.schemaregistry.v1+json",
      "application/vnd.schemaregistry+json; charset=utf-8",
      "application/json",
      "application/octet-stream",
    ]) {
      const headers = { "content-type": type };
      const path = "/subjects/types/versions";
      expect((await server.ask("POST", path, { schema: v1 }, headers)).status, type).toBe(200);
      expect((await server.ask("GET", path, undefined, headers)).status, type).toBe(200);
      expect((await server.ask("DELETE", "/config", undefined, headers)).status, type).toBe(200);
    }
    const wrong = await server.ask("POST", "/subjects/types", "schema", { "content-type": "text/plain" });
    expect(wrong).toMatchObject({ status: 415, body: { error_code: 415 } });
  });

  test("answers in the type that is asked for", async () => {
    const cases = [
      ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 200, "application/vnd.schemaregistry.v1+json"],
      ["application/json", 200, "application/json"],
      [
        "application/json;q=0.5, application/vnd.schemaregistry+json",
        200,
        "application/vnd.schemaregistry+json",
      ],
      ["text/html", 406, "application/vnd.schemaregistry.v1+json"],
      ["application/json;q=0", 406, "application/vnd.schemaregistry.v1+json"],
    ] as const;
    for (const [accept, status, type] of cases) {
      const answer = await server.ask("GET", "/subjects", undefined, { accept });
      expect(answer.status, accept).toBe(status);
      expect(answer.headers.get("content-type"), accept).toContain(type);
      if (status === 406) expect(answer.body.error_code).toBe(406);
    }
  });

  test("a trailing slash, as Java sends it", async () => {
    const path = "/compatibility/subjects/slash/versions/?verbose=true";
    expect(await server.ask("POST", path, { schema: v1 })).toMatchObject({
      status: 200,
      body: { is_compatible: true },
    });
  });
});

describe("no input is answered with 5xx", () => {
  const deep = (levels: number): string =>
    `${'{"type":"array","items":'.repeat(levels)}"int"${"}".repeat(levels)}`;

  test("bodies", async () => {
    const path = "/subjects/hostile/versions";
    const cases: readonly (readonly [string, unknown, number, number])[] = [
      ["malformed JSON", '{"schema": ', 400, 400],
      ["a raw NUL", '{"schema": "\0"}', 400, 400],
      ["no body", undefined, 422, 422],
      ["null", "null", 422, 422],
      ["an array", "[]", 422, 422],
      ["schema as a number", { schema: 5 }, 422, 422],
      ["no schema", {}, 422, 42201],
      ["an empty schema", { schema: " " }, 422, 42201],
      ["not Avro", { schema: '{"type":"nothing"}' }, 422, 42201],
      ["not JSON in the schema", { schema: "{" }, 422, 42201],
      ["another type", { schema: v1, schemaType: "PROTOBUF" }, 422, 42201],
      ["10,000 levels", { schema: deep(10_000) }, 422, 42201],
      ["100,000 levels", { schema: deep(100_000) }, 422, 42209],
      ["too long", { schema: `"${"x".repeat(1_100_000)}"` }, 422, 42209],
      ["a body of 10 MB", { schema: "x".repeat(10_000_000) }, 413, 413],
      ["500,000 empty references", `{"schema":"x","references":[${"{},".repeat(500_000)}{}]}`, 422, 422],
      ["9,000 empty references", `{"schema":"x","references":[${"{},".repeat(9_000)}{}]}`, 422, 422],
      ["500,000 brackets", `{"schema":"x","y":${"[".repeat(500_000)}${"]".repeat(500_000)}}`, 422, 422],
      ["a quote behind many backslashes", `{"schema":"${"\\".repeat(500_000)}"}`, 422, 42201],
      ["references as text", { schema: v1, references: "x" }, 422, 422],
      ["a reference's NUL name", reference({ name: "a\0b" }), 422, 42208],
      ["a reference's NUL subject", reference({ subject: "a\0b" }), 422, 42208],
      ["a reference's version", reference({ version: 2 ** 40 }), 422, 42202],
      ["an id beyond int32", { schema: v1, id: 2 ** 31 }, 422, 422],
      ["a version beyond int32", { schema: v1, version: 2 ** 31 }, 422, 42202],
      ["a number beyond doubles", '{"schema":"x","id":1e999}', 422, 422],
    ];
    for (const [what, body, status, code] of cases) {
      const answer = await server.ask("POST", path, body);
      expect(answer, what).toMatchObject({ status, body: { error_code: code } });
      expect(answer.body.message.length, what).toBeLessThan(3_000);
    }
    expect((await server.ask("GET", path)).status).toBe(404);
  });

  function reference(change: object): object {
    return { schema: v1, references: [{ name: "a.B", subject: "b", version: 1, ...change }] };
  }

  test("a doc with a NUL or half a surrogate pair comes back as it was, or is refused", async () => {
    for (const [index, doc] of ["a\0b", "a\ud800b", "\udfff"].entries()) {
      const schema = JSON.stringify({ type: "record", name: "Doc", doc, fields: [] });
      const subject = `/subjects/doc-${index}/versions`;
      const answer = await server.ask("POST", subject, { schema });
      expect([200, 422]).toContain(answer.status);
      if (answer.status !== 200) continue;
      const stored = await server.ask("GET", `${subject}/1`);
      expect(JSON.parse(stored.body.schema).doc).toBe(doc);
      expect((await server.ask("POST", subject, { schema })).body).toMatchObject({ version: 1 });
    }
  });

  test("paths and queries", async () => {
    const long = "x".repeat(600);
    const cases = [
      ["/subjects/%00/versions", 422, 42208],
      ["/subjects/a%0Ab/versions", 422, 42208],
      ["/subjects/%ED%A0%80/versions", 400, 400],
      ["/subjects/%E0%A4%A/versions", 400, 400],
      [`/subjects/${long}/versions`, 422, 42208],
      [`/subjects/${long.repeat(15)}/versions`, 414, 414],
      ["/subjects/__GLOBAL/versions", 422, 42208],
      ["/subjects?subjectPrefix=%00", 422, 42208],
      ["/subjects?subjectPrefix=:.x:%00", 422, 42208],
      ["/subjects?limit=x", 422, 422],
      ["/subjects?limit=99999999999999999999", 422, 422],
      ["/schemas/ids/1?subject=%00", 422, 42208],
      ["/config/%00", 422, 42208],
      ["/mode/%00", 422, 42208],
      ["/schemas/guids/%00", 404, 40403],
    ] as const;
    for (const [path, status, code] of cases) {
      const answer = await server.ask("GET", path);
      expect(answer, path).toMatchObject({ status, body: { error_code: code } });
    }
    expect((await server.ask("GET", "/subjects?offset=-5&limit=-1&deleted=maybe&deleted=true")).status).toBe(
      200,
    );
    expect((await server.ask("PUT", "/config", '{"__proto__":{"x":1}}')).body.error_code).toBe(42203);
  });

  test("an oversized header and broken HTTP", async () => {
    const { port } = new URL(server.url);
    const oversized = await new Promise<string>((resolve, reject) => {
      const headers = { "x-large": "x".repeat(50_000) };
      httpRequest({ port, host: "127.0.0.1", headers }, (response) => resolve(text(response)))
        .on("error", reject)
        .end();
    });
    expect(JSON.parse(oversized)).toMatchObject({ error_code: 431 });
    const socket = connect(Number(port), "127.0.0.1");
    socket.end("this is no HTTP\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*\{"error_code":400,/s);
  });
});

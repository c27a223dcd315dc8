import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import {
  bigintString,
  openApiTransform,
  problem,
  problemDocuments,
  problemServerOptions,
} from "@tidemark/schema-registry/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

class OutOfStock extends Error {}

const logged: object[] = [];
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  const server = Fastify({ ...problemServerOptions(), bodyLimit: 10_000 })
    .setValidatorCompiler(validatorCompiler)
    .setSerializerCompiler(serializerCompiler)
    .withTypeProvider<ZodTypeProvider>();
  server.register(problemDocuments, {
    logger: { error: (fields) => logged.push(fields) },
    mapError: (error) =>
      error instanceof OutOfStock
        ? problem({ status: 503, code: "out-of-stock", detail: error.message, retryAfter: 2.5, left: 0 })
        : null,
  });
  server.register(async (routes) => {
    const host = routes.withTypeProvider<ZodTypeProvider>();
    const body = z.strictObject({
      name: z.string().min(1),
      lines: z.array(z.object({ amount: z.string().regex(/^\d+$/, "must be digits") })),
      seen: bigintString.optional(),
    });
    const revision = z.object({ revision: bigintString });
    host.post("/orders/:id", { schema: { body, params: z.object({ id: z.string() }) } }, () => ({
      ok: true,
    }));
    host.get(
      "/orders",
      { schema: { querystring: z.object({ after: bigintString }), response: { 200: revision } } },
      ({ query }) => ({ revision: query.after + 1n }),
    );
    host.get("/empty", () => {
      throw new OutOfStock("nothing is left");
    });
    host.get("/fault", () => {
      throw new Error("secret: a bug");
    });
    host.get("/teapot", () => {
      throw Object.assign(new Error("slow down"), { statusCode: 429 });
    });
    // A bigint that its own schema refuses on the way out.
    host.get("/wrong-answer", { schema: { response: { 200: revision } } }, () => ({ revision: 2n ** 70n }));
  });
  app = server;
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(() => app.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- the assertions look into it
  readonly body: any;
}

async function post(path: string, body: string, type = "application/json"): Promise<Answer> {
  return read(await fetch(`${url}${path}`, { method: "POST", body, headers: { "content-type": type } }));
}

async function get(path: string): Promise<Answer> {
  return read(await fetch(`${url}${path}`));
}

async function read(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe("input", () => {
  test("every invalid field is named with its rule", async () => {
    const { status, headers, body } = await post(
      "/orders/1",
      JSON.stringify({ name: "", lines: [{ amount: "1" }, { amount: "x" }, {}], extra: 1, seen: "1.5" }),
    );
    expect(status).toBe(400);
    expect(headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    expect(body).toMatchObject({
      type: "urn:tidemark:problem:validation-failed",
      title: "The request is not valid",
      status: 400,
      code: "validation-failed",
    });
    expect(body.errors).toEqual([
      { field: "name", rule: "too_small", message: expect.any(String) },
      { field: "lines.1.amount", rule: "invalid_format", message: "must be digits" },
      { field: "lines.2.amount", rule: "invalid_type", message: expect.any(String) },
      { field: "seen", rule: "invalid_format", message: expect.stringContaining("whole number") },
      { field: "extra", rule: "unrecognized_keys", message: expect.any(String) },
    ]);
    expect((await get("/orders?after=x")).body.errors[0].field).toBe("query.after");
    expect((await post("/orders/1", "null")).body.errors[0].field).toBe("body");
  });

  test("what is no JSON, no JSON type, too large or nothing", async () => {
    const cases = [
      ['{"name": ', "application/json", 400, "malformed-body"],
      ["\0", "application/json", 400, "malformed-body"],
      ['{"name": "a\0b"}', "application/json", 400, "malformed-body"],
      ["", "application/json", 400, "malformed-body"],
      ['{"__proto__": {"x": 1}}', "application/json", 400, "malformed-body"],
      ["name=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"],
      [JSON.stringify({ name: "x".repeat(20_000) }), "application/json", 413, "body-too-large"],
      ["[".repeat(9_000), "application/json", 400, "malformed-body"],
      ["[".repeat(4_000) + "]".repeat(4_000), "application/json", 400, "validation-failed"],
    ] as const;
    for (const [sent, type, status, code] of cases) {
      const answer = await post("/orders/1", sent, type);
      expect(answer, sent.slice(0, 30)).toMatchObject({ status, body: { status, code } });
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
    }
  });

  test("a body far beyond the limit still gets its answer", async () => {
    const answer = await post("/orders/1", JSON.stringify("x".repeat(20_000_000)));
    expect(answer).toMatchObject({ status: 413, body: { code: "body-too-large" } });
  });

  test("text that no database could store is refused wherever it is", async () => {
    const lines = [{ amount: "1" }];
    const escaped = await post("/orders/1", JSON.stringify({ name: "a\0b", lines }));
    expect(escaped.body.errors).toEqual([
      { field: "name", rule: "storable_text", message: expect.any(String) },
    ]);
    const lone = await post("/orders/1", '{"name": "\\ud800", "lines": [{"amount": "\\udfff"}]}');
    expect(lone.body.errors.map((error: { field: string }) => error.field).toSorted()).toEqual([
      "lines.0.amount",
      "name",
    ]);
    expect((await post("/orders/%00", JSON.stringify({ name: "a", lines }))).body.errors[0].field).toBe(
      "path.id",
    );
    expect((await get("/orders?after=1&x=%00")).body.errors[0].field).toBe("query.x");
    expect(await post("/orders/1", JSON.stringify({ name: "grüße 🌊", lines }))).toMatchObject({
      status: 200,
    });
  });

  test("URLs and HTTP that never reach a route", async () => {
    expect((await get("/nowhere?x=1")).body).toMatchObject({
      status: 404,
      code: "route-not-found",
      detail: "There is no route GET /nowhere",
    });
    expect((await fetch(`${url}/orders`, { method: "DELETE" })).status).toBe(404);
    expect((await get("/orders/%E0%A4%A")).body).toMatchObject({ status: 400, code: "malformed-url" });
    expect((await post(`/orders/${"x".repeat(2_000)}`, "{}")).body).toMatchObject({
      status: 414,
      code: "url-too-long",
    });
    const { port } = new URL(url);
    const oversized = await new Promise<string>((resolve, reject) => {
      const headers = { "x-large": "x".repeat(50_000) };
      httpRequest({ port, host: "127.0.0.1", headers }, (response) => resolve(text(response)))
        .on("error", reject)
        .end();
    });
    expect(JSON.parse(oversized)).toMatchObject({ status: 431, code: "headers-too-large" });
    const socket = connect(Number(port), "127.0.0.1");
    socket.end("GET / HTTP/1.1\r\nbroken header\r\n\r\n");
    const raw = await text(socket);
    expect(raw).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    expect(raw).toContain('"code":"malformed-request"');
  });
});

describe("failures", () => {
  test("the application's own errors keep their status, code, extensions and Retry-After", async () => {
    const { status, headers, body } = await get("/empty");
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("3");
    expect(body).toMatchObject({ code: "out-of-stock", detail: "nothing is left", left: 0 });
  });

  test("a plugin's refusal keeps its status", async () => {
    expect((await get("/teapot")).body).toMatchObject({
      status: 429,
      code: "too-many-requests",
      detail: "slow down",
    });
  });

  test("a fault is logged with the request's id and kept from the caller", async () => {
    logged.length = 0;
    for (const path of ["/fault", "/wrong-answer"]) {
      const { status, body } = await get(path);
      expect(status).toBe(500);
      expect(body.code).toBe("internal-error");
      expect(JSON.stringify(body)).not.toContain("secret");
      expect(logged.at(-1)).toMatchObject({ requestId: body.requestId, url: path, err: expect.any(Error) });
    }
    expect(logged).toHaveLength(2);
  });
});

describe("64-bit integers", () => {
  test("travel as strings both ways, exactly and within bounds", async () => {
    expect((await get("/orders?after=9007199254740993")).body).toEqual({ revision: "9007199254740994" });
    expect((await get("/orders?after=-5")).body).toEqual({ revision: "-4" });
    for (const after of ["9223372036854775808", "99999999999999999999", "1.0", "", "0x10", "1e3"]) {
      expect((await get(`/orders?after=${after}`)).body, after).toMatchObject({ code: "validation-failed" });
    }
  });

  test("are strings in the OpenAPI document", () => {
    const schema = {
      querystring: z.object({ after: bigintString }),
      response: { 200: z.object({ r: z.bigint() }) },
    };
    const transformed = openApiTransform({
      schema,
      url: "/",
      route: { method: "GET", url: "/", schema } as never,
      openapiObject: { openapi: "3.1.0", info: { title: "", version: "" } },
    });
    expect(transformed.schema).toMatchObject({
      querystring: { properties: { after: { type: "string" } } },
      response: { 200: { properties: { r: { type: "string", format: "int64" } } } },
    });
  });
});

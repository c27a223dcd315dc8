import { createRegistry } from "@tidemark/schema-registry";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import { createPool, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const v1 = recordText("Opened", [{ name: "owner", type: "string" }]);

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

test("health says that it lives and that its database answers", async () => {
  expect(await server.ask("GET", "/health/live")).toMatchObject({ status: 200, body: { status: "live" } });
  expect(await server.ask("GET", "/health/ready")).toMatchObject({ status: 200, body: { status: "ready" } });

  const pool = createPool({ connectionString: "postgresql://nobody@127.0.0.1:1/none", max: 1 });
  const registry = createRegistry({ storage: postgresRegistryStorage({ pool }) });
  const lost = createRegistryServer({ registry });
  expect((await lost.inject("/health/live")).statusCode).toBe(200);
  const ready = await lost.inject("/health/ready");
  expect(ready).toMatchObject({ statusCode: 503, body: '{"status":"not-ready"}' });
  await lost.close();
  await pool.end();
});

test("metrics count requests by route and status, and error codes", async () => {
  await server.ask("POST", "/subjects/measured/versions", { schema: v1 });
  await server.ask("GET", "/subjects/absent/versions/1");
  await server.ask("GET", "/contexts/.x/subjects/absent/versions/1");
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
  const text = await response.text();
  expect(text).toMatch(
    /schema_registry_http_request_duration_seconds_count\{method="POST",route="\/subjects\/:subject\/versions",status="200"\} 1/,
  );
  expect(text).toMatch(/schema_registry_errors_total\{error_code="40401"\} 2/);
  expect(text).not.toContain("absent");
});

test("the OpenAPI page documents every route once, with its errors", async () => {
  expect((await fetch(`${server.url}/docs`)).status).toBe(200);
  const response = await fetch(`${server.url}/docs/json`);
  const document: { paths: Record<string, Record<string, { responses: object }>> } = JSON.parse(
    await response.text(),
  );
  const paths = Object.keys(document.paths);
  expect(paths).toEqual(
    expect.arrayContaining([
      "/subjects/{subject}/versions/{version}",
      "/schemas/ids/{id}",
      "/compatibility/subjects/{subject}/versions",
      "/config/{subject}",
      "/mode",
      "/contexts",
      "/v1/metadata/version",
      "/health/ready",
      "/metrics",
    ]),
  );
  expect(paths.filter((path) => path.startsWith("/contexts/{context}/"))).toEqual([]);
  const publish = document.paths["/subjects/{subject}/versions"]?.["post"];
  expect(publish?.responses).toMatchObject({
    200: { content: { "application/json": { schema: { properties: { id: { type: "integer" } } } } } },
    "4XX": {
      content: { "application/json": { schema: { properties: { error_code: { type: "integer" } } } } },
    },
  });
});

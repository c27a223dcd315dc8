import type { Application } from "@tidemark/framework";
import { metricsRoutes, statusRoutes, type OperatorAccess } from "@tidemark/framework/fastify";
import { postgresStorage } from "@tidemark/framework/postgres";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { Account, startObserved } from "../../support/observed-application.ts";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";

let database: TestDatabase;
let application: Application<readonly [typeof Account]>;
const servers: FastifyInstance[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ template: eventStoreTemplate });
  application = await startObserved(postgresStorage({ database: database.connectionString }));
  await application.execute(Account, "1", "open", { owner: "Ada" });
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
afterAll(async () => {
  await application.close();
  await database.drop();
});

/** @returns its port */
async function listen(host: string, access?: OperatorAccess): Promise<number> {
  const server = Fastify();
  servers.push(server);
  const options = { application, ...(access === undefined ? {} : { access }) };
  await server.register(metricsRoutes, options);
  await server.register(statusRoutes, options);
  return Number(new URL(await server.listen({ host, port: 0 })).port);
}

async function get(port: number, path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`);
}

test("metrics come as text that Prometheus reads", async () => {
  const answer = await get(await listen("127.0.0.1"), "/metrics");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  expect(text).toMatch(/^tidemark_events_appended_total\{application="observed"\} 1$/m);
  expect(text).toMatch(/^# TYPE tidemark_append_duration_seconds histogram$/m);
});

test("the status says what people want to know, positions as decimal strings", async () => {
  const port = await listen("127.0.0.1");
  const status = await waitFor(async () => {
    const answer = await get(port, "/operations/status");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    // The shape is what this test checks.
    const body = (await answer.json()) as { consumers: { lag: string }[] };
    return body.consumers.every(({ lag }) => lag === "0") && body;
  });
  expect(status).toMatchObject({
    application: "observed",
    head: "1",
    logFull: false,
    stalls: [],
    consumers: [
      {
        kind: "projection",
        name: "owners",
        version: 1,
        status: "active",
        advances: true,
        lagSeconds: 0,
        parkedEvents: 0,
        rebuild: null,
        partitions: [
          {
            partition: 0,
            position: "1",
            owner: expect.stringContaining("observed on"),
            state: "running",
            here: { state: "running", handled: 1, retries: 0 },
          },
        ],
      },
      { kind: "subscription", name: "greeting", version: null, events: "1" },
    ],
  });
});

test.each(["/metrics", "/operations/status"])(
  "%s is closed where other machines reach the server",
  async (path) => {
    const answer = await get(await listen("0.0.0.0"), path);
    expect(answer.status).toBe(403);
    expect(answer.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    expect(await answer.json()).toMatchObject({ code: "forbidden" });
    expect((await get(await listen("0.0.0.0", "host"), path)).status).toBe(200);
  },
);

import { problemDocuments, problemServerOptions, registryRoutes } from "@tidemark/schema-registry/fastify";
import { createRegistryClient } from "@tidemark/schema-registry/client";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const v1 = recordText("Opened", [{ name: "owner", type: "string" }]);

let backing: RunningRegistry;
let host: FastifyInstance;
let url: string;

beforeAll(async () => {
  backing = await startRegistry();
  host = Fastify(problemServerOptions());
  host.register(problemDocuments, {});
  host.register(registryRoutes, {
    prefix: "/registry",
    registry: backing.registry,
    authorOf: ({ headers }) => String(headers["x-user"] ?? "") || null,
  });
  host.post("/echo", ({ body }) => body);
  url = await host.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await host.close();
  await backing.close();
});

test("under a prefix the registry serves its clients", async () => {
  const client = createRegistryClient({ url: `${url}/registry/` });
  const registered = await client.register("embedded", v1);
  expect(registered).toEqual({ ...(await client.getVersion("embedded", 1)), warnings: [] });
  expect(await (await fetch(`${url}/registry`)).json()).toEqual({});
});

test("records who publishes, as the host says", async () => {
  await fetch(`${url}/registry/subjects/authored/versions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-user": "grace" },
    body: JSON.stringify({ schema: v1 }),
  });
  expect(await backing.registry.getVersion("authored", 1)).toMatchObject({ author: "grace" });
});

test("each side keeps its errors, parsers and unknown paths", async () => {
  const cases = [
    ["/registry/nowhere", { error_code: 404 }],
    ["/registry/subjects/%00/versions", { error_code: 400 }],
    ["/registry/subjects/none/versions", { error_code: 40401 }],
    ["/nowhere", { code: "route-not-found" }],
  ] as const;
  for (const [path, body] of cases) {
    expect(await (await fetch(`${url}${path}`)).json(), path).toMatchObject(body);
  }
  const octets = { method: "POST", headers: { "content-type": "application/octet-stream" }, body: "{}" };
  expect((await fetch(`${url}/echo`, octets)).status).toBe(415);
});

import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import {
  createAuthenticator,
  generateToken,
  hashPassword,
  hashToken,
  type Credential,
  type Grant,
} from "@tidemark/schema-registry/security";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordText, startRegistry, type RunningRegistry } from "./registry-fixture.ts";

const v1 = recordText("Opened", [{ name: "owner", type: "string" }]);
const v2 = recordText("Opened", [
  { name: "owner", type: "string" },
  { name: "memo", type: "string", default: "" },
]);

let backing: RunningRegistry;
let server: FastifyInstance;
let url: string;
const tokens = new Map<string, string>();

function bearer(name: string, grants: readonly Grant[]): Credential {
  const token = generateToken();
  tokens.set(name, `Bearer ${token}`);
  return { name, scheme: "bearer", secret: hashToken(token), grants };
}

const everything = (...permissions: Grant["permissions"]): readonly Grant[] => [{ prefix: "", permissions }];
const orders = (...permissions: Grant["permissions"]): readonly Grant[] => [
  { prefix: "orders.", permissions },
];

beforeAll(async () => {
  backing = await startRegistry();
  const credentials = [
    bearer("admin", everything("admin")),
    bearer("reader", orders("read")),
    bearer("writer", orders("write")),
    bearer("deleter", orders("delete")),
    bearer("owner", orders("admin")),
    bearer("nothing", []),
    bearer("lab", [{ prefix: ":.lab:", permissions: ["write"] }]),
    {
      name: "ada",
      scheme: "basic" as const,
      secret: await hashPassword("correct horse: battery"),
      grants: orders("write"),
    },
  ];
  server = createRegistryServer({ registry: backing.registry, access: createAuthenticator(credentials) });
  url = await server.listen({ host: "127.0.0.1", port: 0 });
  await ask("admin", "POST", "/subjects/orders.a/versions", { schema: v1 });
  await ask("admin", "POST", "/subjects/payments.b/versions", {
    schema: recordText("Paid", [{ name: "amount", type: "long" }]),
  });
});

afterAll(async () => {
  await server.close();
  await backing.close();
});

async function ask(
  who: string,
  method: string,
  path: string,
  body?: object,
  // oxlint-disable-next-line typescript/no-explicit-any -- the assertions look into it
): Promise<{ status: number; headers: Headers; body: any }> {
  const authorization = tokens.get(who) ?? who;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(authorization && { authorization }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

describe("who", () => {
  test("no credential, or a wrong one, opens nothing but health", async () => {
    const token = tokens.get("reader") ?? "";
    const wrong = [
      "",
      "Bearer",
      "Bearer x",
      `${token}x`,
      token.slice(0, -1),
      token.replace("Bearer", "Basic"),
      basic("ada", "wrong"),
      basic("ada", ""),
      basic("nobody", "correct horse: battery"),
      basic("reader", token.slice(7)),
      "Basic !!!",
      "Digest x",
    ];
    for (const authorization of wrong) {
      const response = await fetch(`${url}/subjects`, { headers: { authorization } });
      expect(response.status, authorization).toBe(401);
      expect(response.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
      expect(await response.json()).toMatchObject({ error_code: 401 });
    }
    for (const path of ["/", "/nowhere", "/metrics", "/docs", "/docs/json", "/schemas/ids/1", "/export"]) {
      expect((await fetch(`${url}${path}`, { redirect: "manual" })).status, path).toBe(401);
    }
    expect((await ask("", "POST", "/subjects/orders.a/versions", { schema: v2 })).status).toBe(401);
    expect((await ask("", "GET", "/health/live")).status).toBe(200);
    expect((await ask("", "GET", "/health/ready")).status).toBe(200);
  });

  test("basic and bearer name the author of a version", async () => {
    const password = basic("ada", "correct horse: battery");
    expect((await ask(password, "POST", "/subjects/orders.ada/versions", { schema: v1 })).body).toMatchObject(
      {
        author: "ada",
      },
    );
    expect((await ask("writer", "POST", "/subjects/orders.w/versions", { schema: v1 })).body).toMatchObject({
      author: "writer",
    });
  });

  test("a known password is checked fast the second time, a wrong one never", async () => {
    const time = async (password: string): Promise<number> => {
      const start = performance.now();
      await ask(basic("ada", password), "GET", "/contexts");
      return performance.now() - start;
    };
    await time("correct horse: battery");
    const again = await time("correct horse: battery");
    const wrong = Math.min(await time("guess 1"), await time("guess 2"));
    expect(wrong).toBeGreaterThan(4 * again);
  });

  test("a flood of guesses is turned away and leaves room for others", async () => {
    const guesses = Array.from({ length: 80 }, (_, index) => ask(basic("ada", `guess ${index}`), "GET", "/"));
    expect((await ask("reader", "GET", "/subjects/orders.a/versions")).status).toBe(200);
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });
});

describe("what", () => {
  test("each permission opens its operations on its prefix, and nothing beside it", async () => {
    const operations = [
      ["GET", "/subjects/S/versions", "read"],
      ["GET", "/subjects/S/versions/1", "read"],
      ["GET", "/subjects/S/versions/1/schema", "read"],
      ["GET", "/subjects/S/versions/1/referencedby", "read"],
      ["GET", "/subjects/S/diff/1/1", "read"],
      ["GET", "/subjects/S/metadata?key=a&value=b", "read"],
      ["POST", "/subjects/S", "read"],
      ["POST", "/compatibility/subjects/S/versions/latest", "read"],
      ["GET", "/config/S", "read"],
      ["GET", "/mode/S", "read"],
      ["GET", "/subjects/S/readers", "read"],
      ["POST", "/subjects/S/versions", "write"],
      ["PUT", "/config/S", "admin"],
      ["DELETE", "/config/S", "admin"],
      ["PUT", "/mode/S", "admin"],
      ["DELETE", "/mode/S", "admin"],
      ["DELETE", "/subjects/S/versions/9", "delete"],
      ["DELETE", "/subjects/S-absent", "delete"],
    ] as const;
    const bodies: Record<string, object> = {
      config: { compatibility: "FULL" },
      mode: { mode: "READWRITE" },
      subjects: { schema: v1 },
      compatibility: { schema: v1 },
    };
    const holders = {
      reader: ["read"],
      writer: ["read", "write"],
      deleter: ["read", "delete"],
      owner: ["read", "write", "delete", "admin"],
      nothing: [],
    };
    for (const [who, permissions] of Object.entries(holders)) {
      for (const [method, path, needed] of operations) {
        const body = method === "GET" || method === "DELETE" ? undefined : bodies[path.split("/")[1] ?? ""];
        const own = await ask(who, method, path.replace("S", "orders.a"), body);
        const isOpen = permissions.some((permission) => permission === needed);
        expect(own.status === 403, `${who} ${method} ${path}: ${own.status}`).toBe(!isOpen);
        expect(own.status, `${who} ${method} ${path}`).toBeLessThan(500);
        const foreign = await ask(who, method, path.replace("S", "payments.b"), body);
        expect(foreign, `${who} ${method} foreign ${path}`).toMatchObject({
          status: 403,
          body: { error_code: 403, message: expect.stringContaining(who) },
        });
      }
    }
  });

  test("lists and ids show what may be read", async () => {
    const id = (await ask("admin", "GET", "/subjects/payments.b/versions/1")).body;
    expect((await ask("admin", "GET", "/subjects")).body).toContain("payments.b");
    const seen: string[] = (await ask("reader", "GET", "/subjects")).body;
    expect(seen).toContain("orders.a");
    expect(seen.filter((subject) => !subject.startsWith("orders."))).toEqual([]);
    expect((await ask("reader", "GET", "/subjects?subjectPrefix=payments")).body).toEqual([]);
    expect((await ask("nothing", "GET", "/subjects")).body).toEqual([]);
    const schemas: { subject: string }[] = (await ask("reader", "GET", "/schemas")).body;
    expect(schemas.filter(({ subject }) => !subject.startsWith("orders."))).toEqual([]);
    for (const path of [
      `/schemas/ids/${id.id}`,
      `/schemas/ids/${id.id}/schema`,
      `/schemas/ids/${id.id}/subjects`,
      `/schemas/ids/${id.id}/versions`,
      `/schemas/ids/${id.id}?subject=payments.b`,
      `/schemas/guids/${id.guid}`,
      `/schemas/guids/${id.guid}/ids`,
    ]) {
      expect((await ask("admin", "GET", path)).status, path).toBe(200);
      expect((await ask("reader", "GET", path)).body, path).toMatchObject({ error_code: 40403 });
    }
    const own = (await ask("reader", "GET", "/subjects/orders.a/versions/1")).body;
    expect((await ask("reader", "GET", `/schemas/ids/${own.id}`)).status).toBe(200);
    expect((await ask("reader", "GET", `/schemas/guids/${own.guid}`)).status).toBe(200);
  });

  test("an id that subjects of both sides use shows the readable ones", async () => {
    const { id } = (await ask("admin", "POST", "/subjects/payments.same/versions", { schema: v1 })).body;
    expect((await ask("reader", "GET", `/schemas/ids/${id}/subjects`)).body).toContain("orders.a");
    expect((await ask("reader", "GET", `/schemas/ids/${id}/subjects`)).body).not.toContain("payments.same");
    expect((await ask("admin", "GET", `/schemas/ids/${id}/subjects`)).body).toContain("payments.same");
  });

  test("a schema may only refer to what its author may read", async () => {
    const references = [{ name: "ledger.Paid", subject: "payments.b", version: 1 }];
    const schema = recordText("Uses", [{ name: "paid", type: "Paid" }]);
    for (const path of [
      "/subjects/orders.uses/versions",
      "/subjects/orders.uses",
      "/compatibility/subjects/orders.uses/versions",
    ]) {
      expect((await ask("writer", "POST", path, { schema, references })).status, path).toBe(403);
    }
    const own = await ask("admin", "POST", "/subjects/orders.uses/versions", { schema, references });
    expect(own.status).toBe(200);
  });

  test("what belongs to no subject needs a permission for everything", async () => {
    const cases = [
      ["PUT", "/config", { compatibility: "BACKWARD" }],
      ["PUT", "/mode", { mode: "READWRITE" }],
      ["DELETE", "/config", undefined],
      ["PUT", "/config/:.lab:", { compatibility: "FULL" }],
      ["PUT", "/contexts/.lab/mode", { mode: "READWRITE" }],
      ["DELETE", "/contexts/.none", undefined],
      ["DELETE", "/applications/x", undefined],
      ["GET", "/applications", undefined],
      ["GET", "/export", undefined],
    ] as const;
    for (const [method, path, body] of cases) {
      expect((await ask("owner", method, path, body)).status, `${method} ${path}`).toBe(403);
    }
    expect((await ask("reader", "GET", "/config")).body).toEqual({ compatibilityLevel: "BACKWARD" });
    expect((await ask("admin", "PUT", "/config", { compatibility: "BACKWARD" })).status).toBe(200);
  });

  test("a context is a prefix like another", async () => {
    const path = "/contexts/.lab/subjects/any/versions";
    expect((await ask("lab", "POST", path, { schema: v1 })).body).toMatchObject({ subject: ":.lab:any" });
    expect((await ask("lab", "POST", "/subjects/any/versions", { schema: v1 })).status).toBe(403);
    expect((await ask("owner", "POST", path, { schema: v1 })).status).toBe(403);
    expect((await ask("reader", "GET", "/contexts")).body).toEqual(["."]);
    expect((await ask("lab", "GET", "/contexts")).body).toEqual([".", ".lab"]);
    expect((await ask("lab", "GET", "/contexts/.lab/subjects")).body).toEqual([":.lab:any"]);
  });

  test("a writer may set the level that applies already, as KafkaJS does, and no other", async () => {
    const path = "/config/orders.kafkajs";
    expect((await ask("writer", "PUT", path, { compatibility: "NONE" })).status).toBe(403);
    expect((await ask("writer", "PUT", path, { compatibility: "BACKWARD" })).body).toEqual({
      compatibility: "BACKWARD",
    });
  });
});

test("off loopback a server without credentials serves nobody", async () => {
  const open = createRegistryServer({ registry: backing.registry });
  await open.listen({ host: "0.0.0.0", port: 0 });
  const address = open.addresses()[0];
  const port = typeof address === "object" && address !== null ? address.port : 0;
  for (const path of ["/subjects", "/", "/metrics", "/docs"]) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    expect(response.status, path).toBe(403);
    expect(await response.json()).toMatchObject({ error_code: 403 });
  }
  expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
  await open.close();
});

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import "../../support/test-run.ts";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import { recordText } from "./registry-fixture.ts";

const main = fileURLToPath(
  new URL("../../../packages/schema-registry/dist/service/main.js", import.meta.url),
);
const v1 = recordText("Opened", [{ name: "owner", type: "string" }]);

function start(environment: Record<string, string>, args: string[] = []): SpawnedProcess {
  const { PATH = "" } = process.env;
  return spawnNode(main, args, { env: { PATH, REGISTRY_PORT: "0", ...environment } });
}

async function urlOf(service: SpawnedProcess): Promise<string> {
  const [, url = ""] = await service.waitForLine(/^Schema registry {2}(http:\S+)$/);
  return url;
}

async function database(): Promise<string> {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  return created.connectionString;
}

async function ask(url: string, method: string, path: string, body?: object, headers = {}) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

describe("the service", () => {
  test("starts on an empty database, serves, and ends cleanly on SIGTERM", async () => {
    const service = start({ DATABASE_URL: await database() });
    const url = await urlOf(service);
    expect(await ask(url, "POST", "/subjects/served/versions", { schema: v1 })).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect((await ask(url, "GET", "/health/ready")).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/schema_registry_database_connections\{state="used"\} \d/);
    expect(metrics).toContain("process_cpu_seconds_total");
    service.kill("SIGTERM");
    expect(await service.exit).toEqual({ code: 0, signal: null });
  });

  test("keeps its data in a folder of its own without DATABASE_URL", async () => {
    const folder = join(inject("testRun").folder, `registry-${randomBytes(4).toString("hex")}`);
    const first = start({ REGISTRY_DATA_DIR: folder });
    await ask(await urlOf(first), "POST", "/subjects/kept/versions", { schema: v1 });
    first.kill("SIGINT");
    expect((await first.exit).code).toBe(0);
    const second = start({ REGISTRY_DATA_DIR: folder });
    expect((await ask(await urlOf(second), "GET", "/subjects")).body).toEqual(["kept"]);
    second.kill("SIGTERM");
    expect((await second.exit).code).toBe(0);
  });

  test("answers what is in flight before it ends", async () => {
    const service = start({ DATABASE_URL: await database() });
    const url = await urlOf(service);
    const answers = Array.from({ length: 20 }, (_, index) =>
      ask(url, "POST", `/subjects/flight-${index}/versions`, { schema: recordText(`F${index}`, []) }).then(
        ({ status }) => status,
        () => "refused",
      ),
    );
    await Promise.race(answers);
    service.kill("SIGTERM");
    expect((await service.exit).code).toBe(0);
    for (const status of await Promise.all(answers)) expect([200, "refused"]).toContain(status);
  });
});

describe("one sentence says what is wrong", () => {
  async function failure(environment: Record<string, string>, args: string[] = []): Promise<string> {
    const service = start(environment, args);
    expect((await service.exit).code).toBe(1);
    expect(service.output.trim().split("\n")).toHaveLength(1);
    return service.output;
  }

  test("a port in use", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    onTestFinished(() => void holder.close());
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const said = await failure({ REGISTRY_PORT: String(port), DATABASE_URL: "postgresql://localhost:1/x" });
    expect(said).toBe(
      `Port ${port} is in use by another program: free it, or choose another with REGISTRY_PORT=<port>.\n`,
    );
  });

  test("a database that cannot be reached", async () => {
    const said = await failure({ DATABASE_URL: "postgresql://u:secret@127.0.0.1:1/x" });
    expect(said).toMatch(/No PostgreSQL listens on 127\.0\.0\.1:1: start it/);
    expect(said).not.toContain("secret");
  });

  test("settings that cannot be used, all of them at once", async () => {
    const said = await failure({ REGISTRY_PORT: "70000", DATABASE_URL: "mysql://x", LOG_LEVEL: "loud" });
    expect(said).toContain("REGISTRY_PORT must be 0 (any free port) to 65535");
    expect(said).toContain("DATABASE_URL must start with postgresql://");
    expect(said).toContain("LOG_LEVEL");
    expect(await failure({ REGISTRY_HOST: "192.0.2.1", REGISTRY_CREDENTIALS_FILE: "/none" })).toContain(
      "The credentials file /none does not exist",
    );
  });

  test("a host beyond this machine without credentials", async () => {
    for (const host of ["0.0.0.0", "::", "registry.example"]) {
      const said = await failure({ REGISTRY_HOST: host });
      expect(said).toContain("REGISTRY_HOST is reached from other machines, so it needs credentials");
    }
  });
});

test("credentials are made, used, changed while it runs, and never stored in clear", async () => {
  const file = join(inject("testRun").folder, `credentials-${randomBytes(4).toString("hex")}.json`);
  const environment = { REGISTRY_CREDENTIALS_FILE: file };
  const add = async (...args: string[]): Promise<string> => {
    const command = start(environment, ["credential", "add", ...args]);
    expect((await command.exit).code).toBe(0);
    return /^[\w-]{43}$/m.exec(command.output)?.[0] ?? "";
  };
  const writer = await add("ci", "--grant", "write:orders.");
  const reader = await add("reader", "--basic", "--grant", "read:orders.", "--grant", "read:payments.");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const stored = await readFile(file, "utf8");
  expect(stored).not.toContain(writer);
  expect(stored).not.toContain(reader);

  const service = start({ ...environment, REGISTRY_HOST: "0.0.0.0", DATABASE_URL: await database() });
  const url = (await urlOf(service)).replace(/\/\/[^:]+:/, "//127.0.0.1:");
  const asWriter = { authorization: `Bearer ${writer}` };
  const asReader = { authorization: `Basic ${Buffer.from(`reader:${reader}`).toString("base64")}` };
  const path = "/subjects/orders.a/versions";
  expect((await ask(url, "GET", "/subjects")).status).toBe(401);
  expect((await ask(url, "POST", path, { schema: v1 }, asReader)).status).toBe(403);
  expect((await ask(url, "POST", path, { schema: v1 }, asWriter)).body).toMatchObject({ author: "ci" });
  expect((await ask(url, "GET", "/subjects", undefined, asReader)).body).toEqual(["orders.a"]);

  const removal = start(environment, ["credential", "remove", "ci"]);
  expect((await removal.exit).code).toBe(0);
  service.kill("SIGHUP");
  await waitFor(async () => (await ask(url, "GET", "/subjects", undefined, asWriter)).status === 401);
  expect((await ask(url, "GET", "/subjects", undefined, asReader)).status).toBe(200);
  service.kill("SIGTERM");
  expect((await service.exit).code).toBe(0);

  const list = start(environment, ["credential", "list"]);
  await list.exit;
  expect(list.output).toBe("reader\tbasic\tread:orders. read:payments.\n");
});

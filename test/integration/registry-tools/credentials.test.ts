import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import {
  createAuthenticator,
  generateToken,
  hashPassword,
  hashToken,
} from "@tidemark/schema-registry/security";
import { afterAll, beforeAll, expect, test } from "vitest";
import { spawnNode } from "../../support/spawn-process.ts";
import { recordText, startRegistry, type RunningRegistry } from "../registry/registry-fixture.ts";
import { applicationModule, makeFolder, runCli, type CliRun } from "./run-cli.ts";
import { exported } from "./transfer-fixture.ts";

const token = generateToken();

let backing: RunningRegistry;
let server: ReturnType<typeof createRegistryServer>;
let url: string;

beforeAll(async () => {
  backing = await startRegistry();
  await backing.registry.register("orders.Placed", { schema: recordText("Placed", [], "orders") });
  await backing.registry.register("payments.Made", { schema: recordText("Made", [], "payments") });
  const access = createAuthenticator([
    {
      name: "ci",
      scheme: "basic",
      secret: await hashPassword("correct horse: battery"),
      grants: [{ prefix: "orders.", permissions: ["write"] }],
    },
    {
      name: "operator",
      scheme: "bearer",
      secret: hashToken(token),
      grants: [{ prefix: "", permissions: ["admin"] }],
    },
  ]);
  server = createRegistryServer({ registry: backing.registry, access });
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await server.close();
  await backing.close();
});

const ci = { SCHEMA_REGISTRY_USER: "ci:correct horse: battery" };

async function cli(args: readonly string[], env: Record<string, string> = {}, cwd?: string): Promise<CliRun> {
  return runCli(args, { env: { SCHEMA_REGISTRY_URL: url, ...env }, ...(cwd !== undefined && { cwd }) });
}

test("without a credential it says how to give one", async () => {
  const { code, stderr } = await cli(["list"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/give --user or --token, or set SCHEMA_REGISTRY_USER or SCHEMA_REGISTRY_TOKEN/);
});

test("a user name and password from the environment; who pushed is on record", async () => {
  const list = await cli(["list"], ci);
  expect(list.stdout).toContain("orders.Placed");
  expect(list.stdout).not.toContain("payments.Made");
  const folder = await makeFolder({ "shipped.avsc": recordText("Shipped", [], "orders") });
  expect(await cli(["push", "shipped.avsc"], ci, folder)).toMatchObject({ code: 0 });
  expect((await cli(["list", "orders.Shipped"], ci)).stdout).toMatch(/orders\.Shipped .* ci\n$/);
});

test("an event whose level it may not set is told as that, and published once another one has set it", async () => {
  const event = recordText("Paid", [{ name: "amount", type: "long" }], "orders");
  const folder = await makeFolder({ "app.mjs": applicationModule({ "orders.Paid": event }) });
  const first = await cli(["push", "--app", "app.mjs"], ci, folder);
  expect(first).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /orders\.Paid has no level of its own, and this credential may not give it FULL_TRANSITIVE/,
    ),
  });
  await backing.registry.setCompatibility("FULL_TRANSITIVE", "orders.Paid");
  expect((await cli(["push", "--app", "app.mjs"], ci, folder)).code).toBe(0);
});

test("what the credential may not do is told, and done by one that may", async () => {
  expect(await cli(["show", "payments.Made"], ci)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /ci has no permission to read subject payments\.Made .*of a credential that may do this/,
    ),
  });
  expect((await cli(["export"], ci)).stderr).toMatch(/no permission to read everything/);
  const all = await cli(["export", "--token", token]);
  expect(all.code).toBe(0);
  expect(all.stdout.trimEnd().split("\n")).toHaveLength((await exported(backing)).length);
});

test("Ctrl-C ends it at once, with the status that shells expect", async () => {
  const silent = createServer(() => undefined);
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is no string
  const { port } = silent.address() as AddressInfo;
  const command = new URL("../../../packages/schema-registry/bin/tidemark-schemas.js", import.meta.url);
  const asked = once(silent, "request");
  const running = spawnNode(fileURLToPath(command), ["list", "--registry", `http://127.0.0.1:${port}`]);
  await asked;
  running.kill("SIGINT");
  expect(await running.exit).toEqual({ code: 130, signal: null });
  expect(running.output).toBe("Interrupted.\n");
  silent.closeAllConnections();
  silent.close();
});

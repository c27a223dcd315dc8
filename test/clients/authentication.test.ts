import { SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import { createAuthenticator, generateToken, hashToken } from "@tidemark/schema-registry/security";
import { SchemaRegistryClient as Client10 } from "confluent-schemaregistry-1-10";
import { SchemaRegistryClient as Client8 } from "confluent-schemaregistry-1-8";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../integration/registry/registry-fixture.ts";

const schema = JSON.stringify({ type: "record", name: "Opened", namespace: "ledger", fields: [] });
const info = { schema, schemaType: "AVRO" };
const password = generateToken();
const token = generateToken();
const grants = [{ prefix: "team.", permissions: ["write"] as const }];

let backing: RunningRegistry;
let server: FastifyInstance;
let url: string;

beforeAll(async () => {
  backing = await startRegistry();
  const access = createAuthenticator([
    { name: "team", scheme: "basic", secret: hashToken(password), grants },
    { name: "robot", scheme: "bearer", secret: hashToken(token), grants },
  ]);
  server = createRegistryServer({ registry: backing.registry, access });
  url = await server.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await server.close();
  await backing.close();
});

const clients = [
  ["1.8", (config: ConstructorParameters<typeof Client8>[0]) => new Client8(config)],
  ["1.10", (config: ConstructorParameters<typeof Client10>[0]) => new Client10(config)],
] as const;

test.each(clients)("@confluentinc/schemaregistry %s sends basic and bearer", async (release, connect) => {
  const subject = `team.${release}`;
  const basic = connect({
    baseURLs: [url],
    basicAuthCredentials: { credentialsSource: "USER_INFO", userInfo: `team:${password}` },
  });
  expect(await basic.register(subject, info, false)).toBeGreaterThan(0);
  expect((await backing.registry.getVersion(subject, 1)).author).toBe("team");
  await expect(basic.register("other", info, false)).rejects.toMatchObject({ status: 403, errorCode: 403 });
  const bearer = connect({
    baseURLs: [url],
    bearerAuthCredentials: {
      credentialsSource: "STATIC_TOKEN",
      token,
      logicalCluster: "lsrc-1",
      identityPoolId: "pool-1",
    },
  });
  expect(await bearer.getAllVersions(subject)).toEqual([1]);
  await expect(connect({ baseURLs: [url] }).getAllSubjects()).rejects.toMatchObject({ status: 401 });
});

test("@kafkajs/confluent-schema-registry sends basic, and may set the level that applies", async () => {
  const registry = new SchemaRegistry({ host: url, auth: { username: "team", password } });
  const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject: "team.kafkajs" });
  expect(await registry.decode(await registry.encode(id, {}))).toEqual({});
  expect(await backing.registry.getCompatibility("team.kafkajs")).toBe("BACKWARD");
  const wrong = new SchemaRegistry({ host: url, auth: { username: "team", password: "x" } });
  await expect(wrong.getSchema(id)).rejects.toMatchObject({ status: 401 });
});

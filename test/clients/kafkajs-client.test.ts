import { COMPATIBILITY, SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../integration/registry/registry-fixture.ts";

const owner = { name: "owner", type: "string" };

let server: RunningRegistry;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server.close());

function connect(): SchemaRegistry {
  return new SchemaRegistry({ host: server.url, retry: { retries: 0 } });
}

function record(name: string, fields: readonly object[]): string {
  return JSON.stringify({ type: "record", name, namespace: "ledger", fields });
}

test("registers, looks up and round-trips", async () => {
  const registry = connect();
  const schema = record("Opened", [owner]);
  const { id } = await registry.register({ type: SchemaType.AVRO, schema });
  expect(await registry.getRegistryId("ledger.Opened", 1)).toBe(id);
  expect(await registry.getLatestSchemaId("ledger.Opened")).toBe(id);
  expect(await registry.getRegistryIdBySchema("ledger.Opened", { type: SchemaType.AVRO, schema })).toBe(id);
  const bytes = await registry.encode(id, { owner: "Ada" });
  expect(await connect().decode(bytes)).toEqual({ owner: "Ada" });
  // It sets its level right after the first registration, since the subject has none yet.
  expect((await server.ask("GET", "/config/ledger.Opened")).body).toEqual({ compatibilityLevel: "BACKWARD" });
});

test("evolves: the same again, a compatible next version, and a reader's schema of its own", async () => {
  const registry = connect();
  const first = { type: SchemaType.AVRO as const, schema: record("Evolved", [owner]) };
  const { id } = await registry.register(first, { subject: "evolved" });
  expect(await connect().register(first, { subject: "evolved" })).toMatchObject({ id });
  const currency = { name: "currency", type: "string", default: "EUR" };
  const next = record("Evolved", [owner, currency]);
  const second = await registry.register({ type: SchemaType.AVRO, schema: next }, { subject: "evolved" });
  expect(second.id).not.toBe(id);
  const old = await registry.encode(id, { owner: "Ada" });
  const options = { [SchemaType.AVRO]: { readerSchema: JSON.parse(next) } };
  expect(await connect().decode(old, options)).toEqual({ owner: "Ada", currency: "EUR" });
});

test("hears refusals, and that the subject has another level than it wants", async () => {
  const registry = connect();
  const options = { subject: "refused" };
  await registry.register({ type: SchemaType.AVRO, schema: record("Refused", [owner]) }, options);
  const incompatible = record("Refused", [owner, { name: "limit", type: "long" }]);
  await expect(
    registry.register({ type: SchemaType.AVRO, schema: incompatible }, options),
  ).rejects.toMatchObject({ status: 409, message: expect.stringContaining("limit") });
  const full = { ...options, compatibility: COMPATIBILITY.FULL };
  await expect(
    connect().register({ type: SchemaType.AVRO, schema: record("Refused", [owner]) }, full),
  ).rejects.toThrow(/compatibility/i);
});

test("follows references", async () => {
  const registry = connect();
  const money = record("Money", [{ name: "units", type: "int" }]);
  await registry.register({ type: SchemaType.AVRO, schema: money }, { subject: "money" });
  const references = [{ name: "ledger.Money", subject: "money", version: 1 }];
  const schema = record("Paid", [{ name: "amount", type: "ledger.Money" }]);
  const { id } = await registry.register({ type: SchemaType.AVRO, schema, references }, { subject: "paid" });
  const bytes = await registry.encode(id, { amount: { units: 7 } });
  expect(await connect().decode(bytes)).toEqual({ amount: { units: 7 } });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../integration/registry/registry-fixture.ts";

interface SchemaInfo {
  readonly schema: string;
  readonly schemaType: string;
  readonly references?: { name: string; subject: string; version: number }[];
}

/** What the tests use of a release of @confluentinc/schemaregistry; the releases' own types exclude each other. */
interface ConfluentClient {
  readonly client: {
    register(subject: string, schema: SchemaInfo, normalize: boolean): Promise<number>;
    getId(subject: string, schema: SchemaInfo, normalize: boolean): Promise<number>;
    getBySubjectAndId(subject: string, id: number): Promise<{ readonly schema: string }>;
    getLatestSchemaMetadata(subject: string): Promise<{ readonly id?: number; readonly version?: number }>;
    getAllVersions(subject: string): Promise<number[]>;
    getAllSubjects(): Promise<string[]>;
    testSubjectCompatibility(subject: string, schema: SchemaInfo): Promise<boolean>;
    testCompatibility(subject: string, version: number, schema: SchemaInfo): Promise<boolean>;
    deleteSubjectVersion(subject: string, version: number, permanent: boolean): Promise<number>;
    deleteSubject(subject: string, permanent: boolean): Promise<number[]>;
  };
  serializer(config: SerializerConfig): { serialize(topic: string, message: object): Promise<Buffer> };
  deserializer(config: { useLatestVersion?: boolean }): {
    deserialize(topic: string, payload: Buffer): Promise<unknown>;
  };
}

interface SerializerConfig {
  useLatestVersion?: boolean;
  autoRegisterSchemas?: boolean;
}

interface ContractOptions {
  /** The release of the client. */
  readonly release: string;
  /** Whether its serializers ask for associated names before anything else. */
  readonly asksAssociations: boolean;
  readonly connect: (url: string) => ConfluentClient;
}

const owner = { name: "owner", type: "string" };
const memo = { name: "memo", type: ["null", "string"], default: null };

function avro(name: string, fields: readonly object[], references?: SchemaInfo["references"]): SchemaInfo {
  const schema = JSON.stringify({ type: "record", name, namespace: "ledger", fields });
  return { schema, schemaType: "AVRO", ...(references && { references }) };
}

/** What a release of Confluent's client must be able to do against this registry, unchanged and with its defaults. */
export function confluentClientContract({ release, asksAssociations, connect }: ContractOptions): void {
  describe(`@confluentinc/schemaregistry ${release}`, () => {
    let server: RunningRegistry;
    let confluent: ConfluentClient;

    beforeAll(async () => {
      server = await startRegistry();
      confluent = connect(server.url);
    });

    afterAll(() => server.close());

    test("registers, looks up, lists and deletes", async () => {
      const { client } = confluent;
      const v1 = avro("Opened", [owner]);
      const id = await client.register("opened-value", v1, false);
      expect(id).toBeGreaterThan(0);
      expect(await client.getId("opened-value", v1, false)).toBe(id);
      expect(JSON.parse((await client.getBySubjectAndId("opened-value", id)).schema)).toMatchObject({
        name: "Opened",
      });
      const second = await client.register("opened-value", avro("Opened", [owner, memo]), false);
      expect(await client.getLatestSchemaMetadata("opened-value")).toMatchObject({ id: second, version: 2 });
      expect(await client.getAllVersions("opened-value")).toEqual([1, 2]);
      expect(await client.getAllSubjects()).toContain("opened-value");
      expect(await client.deleteSubjectVersion("opened-value", 2, false)).toBe(2);
      expect(await client.deleteSubject("opened-value", false)).toEqual([1]);
      expect(await client.deleteSubject("opened-value", true)).toEqual([1, 2]);
    });

    test("hears why an evolution is refused", async () => {
      const { client } = confluent;
      await client.register("refused-value", avro("Refused", [owner]), false);
      const incompatible = avro("Refused", [owner, { name: "limit", type: "long" }]);
      expect(await client.testSubjectCompatibility("refused-value", incompatible)).toBe(false);
      expect(await client.testCompatibility("refused-value", 1, incompatible)).toBe(false);
      expect(await client.testSubjectCompatibility("refused-value", avro("Refused", [owner, memo]))).toBe(
        true,
      );
      await expect(client.register("refused-value", incompatible, false)).rejects.toMatchObject({
        status: 409,
        errorCode: 40901,
        message: expect.stringContaining("READER_FIELD_MISSING_DEFAULT_VALUE"),
      });
      await expect(client.getLatestSchemaMetadata("absent-value")).rejects.toMatchObject({
        status: 404,
        errorCode: 40401,
      });
    });

    test("serializes with its defaults, naming included, and reads it back", async () => {
      const topic = `defaults-${release}`;
      const serializer = confluent.serializer({ useLatestVersion: true });
      await confluent.client.register(`${topic}-value`, avro("Opened", [owner, memo]), false);
      server.requests.length = 0;
      const bytes = await serializer.serialize(topic, { owner: "Ada", memo: "first" });
      expect(bytes[0]).toBe(0);
      const asked = server.requests.some((line) => line.startsWith("GET /associations/resources/-/"));
      expect(asked).toBe(asksAssociations);
      // A reader that knows nothing yet.
      const reader = connect(server.url).deserializer({});
      expect(await reader.deserialize(topic, bytes)).toMatchObject({ owner: "Ada", memo: "first" });
    });

    test("registers what it serializes by itself", async () => {
      const topic = `inferred-${release}`;
      const message = { owner: "Ada", amount: 12.5, open: true };
      const bytes = await confluent.serializer({ autoRegisterSchemas: true }).serialize(topic, message);
      expect((await server.ask("GET", `/subjects/${topic}-value/versions`)).body).toEqual([1]);
      expect(bytes.readInt32BE(1)).toBeGreaterThan(0);
      expect(await connect(server.url).deserializer({}).deserialize(topic, bytes)).toMatchObject(message);
    });

    test("old data is read with the new schema, new data with the schema it was written with", async () => {
      const topic = `evolve-${release}`;
      const { client } = confluent;
      await client.register(`${topic}-value`, avro("Evolved", [owner]), false);
      const old = await confluent.serializer({ useLatestVersion: true }).serialize(topic, { owner: "Ada" });
      const nextVersion = avro("Evolved", [owner, { name: "currency", type: "string", default: "EUR" }]);
      await client.register(`${topic}-value`, nextVersion, false);
      const later = connect(server.url);
      const fresh = await later
        .serializer({ useLatestVersion: true })
        .serialize(topic, { owner: "Bo", currency: "USD" });
      const reader = later.deserializer({ useLatestVersion: true });
      expect(await reader.deserialize(topic, old)).toMatchObject({ owner: "Ada", currency: "EUR" });
      expect(await reader.deserialize(topic, fresh)).toMatchObject({ owner: "Bo", currency: "USD" });
      expect(await connect(server.url).deserializer({}).deserialize(topic, old)).toEqual({ owner: "Ada" });
    });

    test("types of another subject", async () => {
      const topic = `references-${release}`;
      const { client } = confluent;
      const money = avro("Money", [{ name: "units", type: "int" }]);
      await client.register("money", money, false);
      const references = [{ name: "ledger.Money", subject: "money", version: 1 }];
      await client.register(
        `${topic}-value`,
        avro("Paid", [{ name: "amount", type: "ledger.Money" }], references),
        false,
      );
      const bytes = await confluent
        .serializer({ useLatestVersion: true })
        .serialize(topic, { amount: { units: 7 } });
      expect(await connect(server.url).deserializer({}).deserialize(topic, bytes)).toEqual({
        amount: { units: 7 },
      });
    });
  });
}

import {
  createApplication,
  defineAggregate,
  defineApplication,
  defineEvent,
  type AnyEventDefinition,
  type ApplicationOptions,
  type EventStore,
  type Logger,
} from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { createRegistry, type Registry } from "@tidemark/schema-registry";
import {
  createRegistryClient,
  inProcessRegistryClient,
  type RegistryClient,
} from "@tidemark/schema-registry/client";
import { createPool, migrateRegistry, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../../support/test-database.ts";

let database: TestDatabase;
let pool: Pool;
let registry: Registry;
let client: RegistryClient;
let store: EventStore;
/** Each test has a record of its own, so that they share a registry. */
let namespace = "";
let tests = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.connectionString, max: 4, applicationName: "registry" });
  await migrateRegistry({ pool });
  registry = createRegistry({ storage: postgresRegistryStorage({ pool }) });
  client = inProcessRegistryClient(registry);
});

beforeEach(() => {
  tests += 1;
  namespace = `test${tests}`;
  store = inMemoryEventStore();
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

interface Field {
  readonly name: string;
  readonly type: "string" | "long" | "int" | readonly ["null", "string"];
  readonly default?: string | number | null;
}

// Its fields are data here, and its payload is not known to the compiler.
const defineLoosely: CallableFunction = defineEvent;

/** The event as a deployment with these fields has it. */
function paid(...fields: readonly Field[]): AnyEventDefinition {
  return Reflect.apply(defineLoosely, null, [{ type: "record", name: "Paid", namespace, fields }]);
}

const amount: Field = { name: "amount", type: "long" };

/** Starts a deployment of the application whose only event this is. */
async function start(event: AnyEventDefinition, options: Omit<Partial<ApplicationOptions>, "storage"> = {}) {
  const aggregate = defineAggregate({ name: "invoice", events: [event], initialState: () => 0 })
    .evolve({ Paid: (count) => count + 1 })
    .commands({ pay: { input: z.object({ data: z.any() }), decide: (_, { data }) => event(data) } });
  const definition = defineApplication({ name: "invoices", aggregates: [aggregate] });
  const application = createApplication(definition, {
    registry: client,
    ...options,
    storage: { eventStore: store },
  });
  await application.start();
  return { pay: (data: object) => application.execute(aggregate, "1", "pay", { data }) };
}

/** A registry that nobody answers for: the port was free a moment ago. */
const absentRegistry = createRegistryClient({ url: "http://127.0.0.1:1", retries: 0 });

function recordingLogger(warnings: string[]): Logger {
  const ignore = (): void => undefined;
  return {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (_, message) => void warnings.push(String(message)),
  };
}

describe("the start of an application", () => {
  test("publishes its schemas under the record's name, and asks for full transitive compatibility", async () => {
    await start(paid(amount));
    expect(await registry.listVersions(`${namespace}.Paid`)).toEqual([1]);
    expect(await registry.getCompatibility(`${namespace}.Paid`)).toBe("FULL_TRANSITIVE");
    await start(paid(amount));
    expect(await registry.listVersions(`${namespace}.Paid`)).toEqual([1]);
  });

  test("leaves a level alone that an operator has chosen", async () => {
    await registry.setCompatibility("BACKWARD", `${namespace}.Paid`);
    await start(paid(amount));
    expect(await registry.getCompatibility(`${namespace}.Paid`)).toBe("BACKWARD");
  });

  test("tells the store under which version an event was published", async () => {
    const first = await start(paid(amount));
    await first.pay({ amount: 5n });
    const second = await start(paid(amount, { name: "memo", type: ["null", "string"], default: null }));
    await second.pay({ amount: 5n, memo: "tea" });
    expect((await store.schemas()).map(({ subject, version }) => [subject, version])).toEqual([
      [`${namespace}.Paid`, 1],
      [`${namespace}.Paid`, 2],
    ]);
  });

  test("publishes every version of an event under a subject of its own", async () => {
    const before = defineEvent({
      type: "record",
      name: "Paid",
      namespace,
      fields: [{ name: "cents", type: "int" }],
    });
    const after = defineEvent(
      { type: "record", name: "Paid", namespace, fields: [{ name: "amount", type: "string" }] },
      {
        version: 2,
        write: 1,
        upcaster: { from: before, upcast: ({ cents }) => ({ amount: String(cents) }) },
      },
    );
    await start(before);
    await start(after);
    expect(await registry.listVersions(`${namespace}.Paid`)).toEqual([1]);
    expect(await registry.listVersions(`${namespace}.Paid.v2`)).toEqual([1]);
  });
});

describe("an incompatible change of an event's schema", () => {
  test.each<[string, readonly Field[], RegExp]>([
    ["a new field without a default", [amount, { name: "payer", type: "string" }], /payer/],
    ["a field that is gone", [{ name: "other", type: "int", default: 0 }], /amount/],
    ["another type", [{ name: "amount", type: "string" }], /amount/],
  ])(
    "%s ends the start: which event, which field, which earlier version, and the ways out",
    async (_, fields, field) => {
      await start(paid(amount));
      const failure: unknown = await start(paid(...fields)).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "event-schema-refused" });
      const { message } = failure instanceof Error ? failure : new Error();
      expect(message).toContain(`${namespace}.Paid`);
      expect(message).toMatch(field);
      expect(message).toContain("against version 1");
      expect(message).toMatch(/default.*nullable.*upcaster/s);
      expect(await registry.listVersions(`${namespace}.Paid`)).toEqual([1]);
      expect(await store.head()).toBe(0n);
    },
  );

  test("is compared with every earlier version, not only with the latest one", async () => {
    const memo: Field = { name: "memo", type: "string", default: "" };
    await start(paid(amount));
    await start(paid(amount, memo));
    await expect(start(paid(amount, { ...memo, type: "long", default: 0 }))).rejects.toMatchObject({
      message: expect.stringContaining("against version 2"),
    });
    await start(paid(amount));
  });
});

describe("with register: lookup-only", () => {
  const lookupOnly = { register: "lookup-only" } as const;

  test("nothing is published, and a schema that is absent ends the start", async () => {
    await expect(start(paid(amount), lookupOnly)).rejects.toMatchObject({
      code: "event-schema-refused",
      message: expect.stringContaining(`subject ${namespace}.Paid does not hold`),
    });
    expect(await registry.listVersions(`${namespace}.Paid`).catch(() => [])).toEqual([]);
    await start(paid(amount));
    await start(paid(amount), lookupOnly);
    const grown = paid(amount, { name: "memo", type: ["null", "string"], default: null });
    await expect(start(grown, lookupOnly)).rejects.toMatchObject({ code: "event-schema-refused" });
  });
});

describe("a registry that is out of reach", () => {
  test("does not stop an application whose schemas the store knows", async () => {
    const first = await start(paid(amount));
    await first.pay({ amount: 5n });
    const warnings: string[] = [];
    const again = await start(paid(amount), { registry: absentRegistry, logger: recordingLogger(warnings) });
    expect(warnings).toEqual([expect.stringContaining("registry is out of reach")]);
    expect(await again.pay({ amount: 6n })).toMatchObject({ revision: 1n });
    expect((await store.schemas()).map(({ version }) => version)).toEqual([1]);
  });

  test("stops one that would write a schema which nobody has accepted, and says which", async () => {
    await expect(start(paid(amount), { registry: absentRegistry })).rejects.toMatchObject({
      code: "registry-unavailable",
      message: expect.stringContaining(`${namespace}.Paid`),
    });
    const first = await start(paid(amount));
    await first.pay({ amount: 5n });
    const grown = paid(amount, { name: "memo", type: ["null", "string"], default: null });
    await expect(start(grown, { registry: absentRegistry })).rejects.toMatchObject({
      code: "registry-unavailable",
    });
  });
});

describe("a registry that is not the one of this store", () => {
  test("and holds another schema under that version: the start ends", async () => {
    const first = await start(paid(amount));
    await first.pay({ amount: 5n });
    const strange = strangerWith(async () =>
      JSON.stringify({ type: "record", name: "Paid", namespace, fields: [] }),
    );
    await expect(start(paid(amount), { registry: strange })).rejects.toMatchObject({
      code: "event-schema-mismatch",
      message: expect.stringContaining(`Version 1 of subject ${namespace}.Paid is another schema in`),
      details: { subject: `${namespace}.Paid`, version: 1 },
    });
  });

  test("and lacks that version: the start ends", async () => {
    const first = await start(paid(amount));
    await first.pay({ amount: 5n });
    await expect(start(paid(amount), { registry: strangerWith(async () => null) })).rejects.toMatchObject({
      code: "event-schema-mismatch",
      message: expect.stringContaining("is missing in"),
    });
  });

  test("but writes the same schema in another way: the start goes on", async () => {
    const first = await start(paid(amount));
    await first.pay({ amount: 5n });
    const reordered = strangerWith(async () => {
      const fields = [{ type: { type: "long" }, name: "amount" }];
      return `  ${JSON.stringify({ fields, name: `${namespace}.Paid`, type: "record" }, null, 2)}`;
    });
    await start(paid(amount), { registry: reordered });
  });

  /** The registry, except that versions read back with other texts. */
  function strangerWith(schemaOf: () => Promise<string | null>): RegistryClient {
    return {
      ...client,
      getVersion: async (subject, version, options) => {
        const found = await client.getVersion(subject, version, options);
        const schema = await schemaOf();
        return found === null || schema === null ? null : { ...found, schema };
      },
    };
  }
});

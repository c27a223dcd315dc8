import { defineEvent, EventSerializer, type AnyEventDefinition, type NewEvent } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { describe, expect, test } from "vitest";

const name = { type: "record", name: "Moved", namespace: "person" } as const;
const context = {
  correlationId: null,
  causationId: null,
  metadata: { actor: null, traceparent: null, user: {} },
};
const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);

const Moved1 = defineEvent({ ...name, fields: [{ name: "address", type: "string" }] });

const shape2 = {
  ...name,
  fields: [
    { name: "street", type: "string" },
    { name: "city", type: "string" },
  ],
} as const;

function split({ address }: { readonly address: string }) {
  const [street = "", city = ""] = address.split(", ");
  return { street, city };
}

const upcaster = { from: Moved1, upcast: split };
const Moved2First = defineEvent(shape2, { version: 2, write: 1, upcaster });
const Moved2 = defineEvent(shape2, { version: 2, upcaster });

const shape3 = { ...name, fields: [{ name: "line", type: "string" }] } as const;

/** One event for each line of the address, none for an address without one. */
const Moved3 = defineEvent(shape3, {
  version: 3,
  upcaster: {
    from: Moved2,
    upcast: ({ street, city }) => [street, city].filter((line) => line !== "").map((line) => ({ line })),
  },
});

/** A log that one deployment writes and another one, with a definition of its own, reads. */
function openLog() {
  const store = inMemoryEventStore();
  let written = 0;
  return {
    store,
    async write(definition: AnyEventDefinition, ...events: readonly NewEvent[]): Promise<void> {
      const serializer = new EventSerializer([definition]);
      const encoded = events.map((event) => {
        const eventId = ids[written] ?? "";
        written += 1;
        return serializer.encode(event, eventId, context);
      });
      await store.append("person-1", encoded);
    },
    async read(...definitions: readonly AnyEventDefinition[]) {
      const serializer = new EventSerializer(definitions);
      const stored = [];
      for await (const event of store.readStream("person-1")) stored.push(event);
      return serializer.decodeAll(stored, (sha256) => store.schema(sha256));
    },
  };
}

describe("a breaking change in two deploys", () => {
  test("old and new nodes read each other's events while the first one rolls out", async () => {
    const log = openLog();
    await log.write(Moved1, Moved1({ address: "Main 1, Here" }));
    await log.write(Moved2First, Moved2First({ address: "Main 2, There" }));
    expect((await log.read(Moved1)).map(({ data }) => data)).toEqual([
      { address: "Main 1, Here" },
      { address: "Main 2, There" },
    ]);
    const seen = [
      { street: "Main 1", city: "Here" },
      { street: "Main 2", city: "There" },
    ];
    expect((await log.read(Moved2First)).map(({ data }) => data)).toEqual(seen);
    expect((await log.read(Moved2)).map(({ data }) => data)).toEqual(seen);
  });

  test("the second one writes the new shape, which nodes of the first one read", async () => {
    const log = openLog();
    await log.write(Moved1, Moved1({ address: "Main 1, Here" }));
    await log.write(Moved2, Moved2({ street: "Main 2", city: "There" }));
    for (const definition of [Moved2First, Moved2]) {
      expect((await log.read(definition)).map(({ data }) => data)).toEqual([
        { street: "Main 1", city: "Here" },
        { street: "Main 2", city: "There" },
      ]);
    }
    const stored = [];
    for await (const event of log.store.readStream("person-1")) stored.push(event);
    expect(stored.map(({ type, eventVersion }) => [type, eventVersion])).toEqual([
      ["person.Moved", 1],
      ["person.Moved", 2],
    ]);
  });

  test("a node from before the first deploy says that it is too old, and does not guess", async () => {
    const log = openLog();
    await log.write(Moved2, Moved2({ street: "Main 2", city: "There" }));
    await expect(log.read(Moved1)).rejects.toMatchObject({
      code: "event-newer-than-this-node",
      status: 503,
      retryable: true,
      details: { type: "person.Moved", eventVersion: 2, position: "1" },
    });
    await expect(log.read()).rejects.toMatchObject({ code: "event-newer-than-this-node" });
  });
});

describe("a chain of upcasters", () => {
  test("goes through every version, and may split an event or drop it", async () => {
    const log = openLog();
    await log.write(Moved1, Moved1({ address: "Main 1, Here" }), Moved1({ address: "" }));
    await log.write(Moved2, Moved2({ street: "", city: "There" }));
    const events = await log.read(Moved3);
    expect(events.map(({ data, revision }) => [data, revision])).toEqual([
      [{ line: "Main 1" }, 0n],
      [{ line: "Here" }, 0n],
      [{ line: "There" }, 2n],
    ]);
  });

  test("gives parts ids that are their own, the first one's being the stored id, the same at each reading", async () => {
    const log = openLog();
    await log.write(Moved1, Moved1({ address: "Main 1, Here" }));
    const events = (await log.read(Moved3)).map(({ eventId }) => eventId);
    expect(events[0]).toBe(ids[0]);
    expect(events[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    expect((await log.read(Moved3)).map(({ eventId }) => eventId)).toEqual(events);
    expect((await log.read(Moved2)).map(({ eventId }) => eventId)).toEqual([ids[0]]);
  });
});

describe("a compatible change of the schema", () => {
  const fields = [{ name: "address", type: "string" }] as const;
  const Grown = defineEvent({
    ...name,
    fields: [{ name: "since", type: ["null", "string"], default: null }, ...fields],
  });

  test("is read with the writer's schema out of the store, both ways", async () => {
    const log = openLog();
    await log.write(Moved1, Moved1({ address: "Main 1" }));
    await log.write(Grown, Grown({ address: "Main 2", since: "1993" }));
    expect((await log.read(Grown)).map(({ data }) => data)).toEqual([
      { address: "Main 1", since: null },
      { address: "Main 2", since: "1993" },
    ]);
    expect((await log.read(Moved1)).map(({ data }) => data)).toEqual([
      { address: "Main 1" },
      { address: "Main 2" },
    ]);
  });

  test("cannot be read without the writer's schema, and is not decoded with another one", async () => {
    const log = openLog();
    await log.write(Grown, Grown({ address: "Main 2", since: null }));
    const stored = [];
    for await (const event of log.store.readStream("person-1")) stored.push(event);
    const serializer = new EventSerializer([Moved1]);
    await expect(serializer.decodeAll(stored, async () => null)).rejects.toMatchObject({
      code: "event-newer-than-this-node",
    });
  });
});

describe("a definition that contradicts itself", () => {
  // The types forbid some of these; JavaScript does not.
  const defineLoosely: CallableFunction = defineEvent;
  const Other = defineEvent({ type: "record", name: "Other", namespace: "person", fields: [] });

  test.each<[string, () => unknown, RegExp]>([
    [
      "no upcaster",
      () => Reflect.apply(defineLoosely, null, [shape2, { version: 2 }]),
      /needs an upcaster from version 1/,
    ],
    [
      "a version left out",
      () => defineEvent(shape3, { version: 3, upcaster: { from: Moved1, upcast: () => ({ line: "" }) } }),
      /version 3 needs an upcaster from 2, not from 1/,
    ],
    [
      "an upcaster from another event",
      () =>
        defineEvent(shape2, {
          version: 2,
          upcaster: { from: Other, upcast: () => ({ street: "", city: "" }) },
        }),
      /person\.Other, which is another event/,
    ],
    [
      "a version to write that is two behind",
      () =>
        defineEvent(shape3, {
          version: 3,
          write: 1,
          upcaster: { from: Moved2, upcast: () => ({ line: "" }) },
        }),
      /write: 1 must be 3 or the version before it/,
    ],
    [
      "no valid Avro",
      () => Reflect.apply(defineLoosely, null, [{ ...name, fields: [{ name: "x", type: "nothing" }] }]),
      /person\.Moved is not valid Avro/,
    ],
    [
      "two definitions of one event",
      () => new EventSerializer([Moved1, Moved2]),
      /person\.Moved is defined twice/,
    ],
  ])("%s", (_, define, message) => {
    expect(define).toThrow(expect.objectContaining({ code: "definition-invalid" }));
    expect(define).toThrow(message);
  });
});

describe("an event on its way into the store", () => {
  test("that does not match its schema names the field", () => {
    const serializer = new EventSerializer([Moved1]);
    const wrong: NewEvent = { type: "Moved", data: { address: 5 }, definition: Moved1 };
    expect(() => serializer.encode(wrong, ids[0] ?? "", context)).toThrow(
      expect.objectContaining({ code: "event-invalid", message: expect.stringContaining("address") }),
    );
  });

  test("of another application is refused", () => {
    const serializer = new EventSerializer([]);
    expect(() => serializer.encode(Moved1({ address: "" }), ids[0] ?? "", context)).toThrow(
      expect.objectContaining({ code: "event-unknown" }),
    );
  });

  test("carries its metadata there and back", async () => {
    const log = openLog();
    const serializer = new EventSerializer([Moved1]);
    const metadata = {
      actor: "ada",
      traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
      user: { a: "ü" },
    };
    const correlationId = "0195b1f0-7c55-7d2a-9f4e-2f1f6f6f9a01";
    const encoded = serializer.encode(Moved1({ address: "x" }), ids[0] ?? "", {
      correlationId,
      causationId: correlationId,
      metadata,
    });
    await log.store.append("person-1", [encoded]);
    expect(await log.read(Moved1)).toMatchObject([
      { metadata, correlationId, causationId: correlationId, streamId: "person-1", aggregateId: "1" },
    ]);
  });
});

import { createApplication, defineAggregate, defineApplication, defineEvent } from "@tidemark/framework";
import { inMemoryEventStore, testAggregate } from "@tidemark/framework/testing";
import { expect, test } from "vitest";
import { z } from "zod";

const fields = [{ name: "what", type: "string" }] as const;
const Own = defineEvent({ type: "record", name: "Noted", namespace: "own", fields });
// TypeScript tells events by their short name and data, and these are equal.
const Foreign = defineEvent({ type: "record", name: "Noted", namespace: "foreign", fields });

const Other = defineAggregate({ name: "other", events: [Foreign], initialState: () => 0 })
  .evolve({ Noted: (count) => count + 1 })
  .commands({});

const Note = defineAggregate({ name: "note", events: [Own], initialState: () => 0 })
  .evolve({ Noted: (count) => count + 1 })
  .commands({
    foreign: { input: z.object({}), decide: () => [Own({ what: "a" }), Foreign({ what: "b" })] },
    // What a caller without types may write.
    nothing: { input: z.object({}), decide: () => JSON.parse("null") },
    late: { input: z.object({}), decide: () => JSON.parse("{}") },
  });

test("an event of another aggregate is not stored: its own could never be loaded again", async () => {
  const eventStore = inMemoryEventStore();
  const application = createApplication(defineApplication({ name: "notes", aggregates: [Note, Other] }), {
    storage: { eventStore },
    registry: null,
  });
  await application.start();
  await expect(application.execute(Note, "1", "foreign", {})).rejects.toMatchObject({
    code: "event-unknown",
    message: "The aggregate note decided on foreign.Noted, which is none of its events: add it to them.",
  });
  expect(await eventStore.head()).toBe(0n);
  expect(() => testAggregate(Note).when("foreign", {}).then([])).toThrow("none of its events");
});

test.each(["nothing", "late"] as const)("what is no event is refused by name: %s", async (command) => {
  const application = createApplication(defineApplication({ name: "notes", aggregates: [Note] }), {
    storage: { eventStore: inMemoryEventStore() },
    registry: null,
  });
  await application.start();
  await expect(application.execute(Note, "1", command, {})).rejects.toMatchObject({
    code: "definition-invalid",
  });
});

test("a test of an aggregate folds every event that an upcaster makes of one", () => {
  const Moved = defineEvent({
    type: "record",
    name: "Moved",
    namespace: "own",
    fields: [{ name: "steps", type: "int" }],
  });
  const Stepped = defineEvent(
    { type: "record", name: "Moved", namespace: "own", fields: [{ name: "step", type: "int" }] },
    {
      version: 2,
      write: 1,
      upcaster: {
        from: Moved,
        upcast: ({ steps }) => Array.from({ length: steps }, (_, step) => ({ step })),
      },
    },
  );
  const Walk = defineAggregate({ name: "walk", events: [Stepped], initialState: () => 0 })
    .evolve({ Moved: (count) => count + 1 })
    .commands({
      again: { input: z.object({}), decide: (count) => Stepped({ steps: count }) },
    });
  testAggregate(Walk)
    .given([Stepped({ steps: 3 })])
    .when("again", {})
    .then([Stepped({ steps: 3 })]);
});

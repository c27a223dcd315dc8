import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createNodeClock } from "../../../packages/framework/src/testing/kurrentdb-node/node-clock.ts";
import {
  type AppendOutcome,
  NodeLog,
} from "../../../packages/framework/src/testing/kurrentdb-node/node-log.ts";

const record = (id: string) => ({
  id,
  type: "A",
  contentType: "application/json",
  data: Buffer.from("{}"),
  customMetadata: new Uint8Array(0),
});

const expected = fc.oneof(
  fc.integer({ min: -1, max: 6 }),
  fc.constant("any" as const),
  fc.constant("stream-exists" as const),
);
const appends = fc.array(
  fc.record({
    expected,
    ids: fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 20 },
);

/** Appends with rules and ids at random; each is answered, then repeated at once. */
function play(log: NodeLog, steps: { expected: number | "any" | "stream-exists"; ids: string[] }[]) {
  return steps.map((step): [AppendOutcome, AppendOutcome] => {
    const append = () => log.append("s", step.expected, step.ids.map(record));
    return [append(), append()];
  });
}

it("answers the repetition of an append that was written with the same revision and position", () => {
  fc.assert(
    fc.property(appends, (steps) => {
      const log = new NodeLog(createNodeClock(), 1_000_000);
      const written = log.length;
      for (const [first, second] of play(log, steps)) {
        if (first.kind !== "appended") expect(second).toEqual(first);
        else if (second.kind === "idempotent") expect(second).toEqual({ ...first, kind: "idempotent" });
      }
      const stream = log.read("s");
      expect(log.length - written).toBe(stream.last + 1);
    }),
  );
});

it("gives revisions without gaps and positions that increase with gaps", () => {
  fc.assert(
    fc.property(appends, (steps) => {
      const log = new NodeLog(createNodeClock(), 1_000_000);
      play(log, steps);
      const stream = log.read("s");
      let position = 0;
      for (let revision = 0; revision <= stream.last; revision += 1) {
        const found = stream.recordAt(revision);
        expect(found?.revision).toBe(revision);
        expect(found?.position).toBeGreaterThan(position + 1);
        position = found?.position ?? 0;
        expect(log.at(log.indexFrom(position))).toBe(found);
      }
    }),
  );
});

it("forgets old ids, as the bounded cache of the server does", () => {
  const log = new NodeLog(createNodeClock(), 100);
  log.append("s", "any", [record("first")]);
  for (let index = 0; index < 10; index += 1) log.append("s", "any", [record(`other-${index}`)]);
  expect(log.append("s", "any", [record("first")])).toMatchObject({ kind: "appended", revision: 11 });
  // An exact revision is compared with the stream itself, which forgets nothing.
  expect(log.append("s", -1, [record("first")])).toMatchObject({ kind: "idempotent", revision: 0 });
});

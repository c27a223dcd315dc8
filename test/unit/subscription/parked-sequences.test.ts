import type { StoredEvent } from "@tidemark/framework";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ParkedSequences } from "../../../packages/framework/src/subscription/parked-sequences.ts";

function event(position: bigint): StoredEvent {
  return {
    position,
    eventId: `00000000-0000-4000-8000-${String(position).padStart(12, "0")}`,
    streamId: "account-a",
    revision: position,
    type: "bank.Opened",
    eventVersion: 1,
    schemaSha256: "",
    encoding: "avro",
    data: new Uint8Array(),
    correlationId: null,
    causationId: null,
    recordedAt: new Date(0),
    meta: new Uint8Array(),
  };
}

const failure = { error: "no", attempts: 3 };

test("a condemned sequence holds events from the culprit on, and only its first letter has the failure", () => {
  const parked = new ParkedSequences();
  parked.condemn("key:a", { position: 5n, ...failure });
  expect(parked.holds("key:a", 4n)).toBe(false);
  expect(parked.holds("key:a", 5n)).toBe(true);
  expect(parked.holds("key:b", 9n)).toBe(false);
  parked.add("key:a", event(5n));
  parked.add("key:a", event(8n));
  expect(parked.letters.map(({ position, failure: of }) => [position, of])).toEqual([
    [5n, failure],
    [8n, null],
  ]);
});

test("letters count once they are committed: a reset before that forgets them, not the decision", () => {
  const parked = new ParkedSequences();
  parked.condemn("key:a", { position: 5n, ...failure });
  parked.add("key:a", event(5n));
  parked.reset();
  expect(parked.letters).toEqual([]);
  expect(parked.holds("key:a", 5n)).toBe(true);
  parked.add("key:a", event(5n));
  parked.committed("s", 0);
  expect(parked.letters).toEqual([]);
  expect(parked.size).toBe(1);
  // Stored now: whatever comes is behind it.
  expect(parked.holds("key:a", 1n)).toBe(true);
  parked.release("key:a");
  expect(parked.none).toBe(true);
});

test("what is behind a partial commit is still to be parked", () => {
  const parked = new ParkedSequences();
  parked.condemn("key:a", { position: 5n, ...failure });
  parked.condemn("key:b", { position: 7n, ...failure });
  parked.add("key:a", event(5n));
  parked.add("key:b", event(7n));
  parked.committed("s", 0, 6n);
  expect(parked.holds("key:a", 1n)).toBe(true);
  expect(parked.holds("key:b", 6n)).toBe(false);
  expect(parked.holds("key:b", 7n)).toBe(true);
});

test("whatever the order of runs and crashes, a sequence is parked from its culprit on", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (crashes) => {
      const parked = new ParkedSequences();
      parked.condemn("key:a", { position: 3n, ...failure });
      let stored: bigint[] = [];
      let next = 1n;
      for (const crash of crashes) {
        parked.reset();
        for (const position of [next, next + 1n])
          if (parked.holds("key:a", position)) parked.add("key:a", event(position));
        if (crash) continue;
        stored = [...stored, ...parked.letters.map(({ position }) => position)];
        parked.committed("s", 0);
        next += 2n;
      }
      expect(stored).toEqual(
        Array.from({ length: Number(next) - 1 }, (_, index) => BigInt(index + 1)).filter((at) => at >= 3n),
      );
    }),
  );
});

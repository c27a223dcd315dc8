import type { AppendExpectedRevision } from "@eventstore/db-client";
import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import type { Client } from "../support/client-library.ts";
import { credentials } from "../support/credentials.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { conflict, expecting } from "../support/expectation.ts";

/** What the server answers: the revision of the appended event, or the error and the stream's actual revision. */
type Answer = bigint | { conflict: bigint | "no_stream" } | "deleted";

const states = {
  "never written": async () => {},
  "with three events": async (client: Client, stream: string) => {
    await client.appendToStream(stream, numberedEvents(3));
  },
  "with metadata only": async (client: Client, stream: string) => {
    await client.setStreamMetadata(stream, { maxCount: 10 });
  },
  "truncated to its last event": async (client: Client, stream: string) => {
    await client.appendToStream(stream, numberedEvents(3));
    await client.setStreamMetadata(stream, { truncateBefore: 2 });
  },
  "soft-deleted after three events": async (client: Client, stream: string) => {
    await client.appendToStream(stream, numberedEvents(3));
    await client.deleteStream(stream);
  },
  tombstoned: async (client: Client, stream: string) => {
    await client.appendToStream(stream, numberedEvents(3));
    await client.tombstoneStream(stream);
  },
};

const none = { conflict: "no_stream" } as const;
const two = { conflict: 2n } as const;
const expectations: Record<keyof typeof states, readonly (readonly [AppendExpectedRevision, Answer])[]> = {
  "never written": [
    ["any", 0n],
    ["no_stream", 0n],
    ["stream_exists", none],
    [0n, none],
    [2n, none],
  ],
  "with three events": [
    ["any", 3n],
    ["no_stream", two],
    ["stream_exists", 3n],
    [1n, two],
    [2n, 3n],
    [3n, two],
  ],
  "with metadata only": [
    ["any", 0n],
    ["no_stream", 0n],
    ["stream_exists", 0n],
    [0n, none],
  ],
  "truncated to its last event": [
    ["any", 3n],
    ["no_stream", two],
    ["stream_exists", 3n],
    [1n, two],
    [2n, 3n],
    [3n, two],
  ],
  "soft-deleted after three events": [
    ["any", 3n],
    ["no_stream", 3n],
    ["stream_exists", two],
    [1n, two],
    [2n, 3n],
    [3n, two],
  ],
  tombstoned: [
    ["any", "deleted"],
    ["no_stream", "deleted"],
    ["stream_exists", "deleted"],
    [2n, "deleted"],
    [3n, "deleted"],
  ],
};

const cases = Object.entries(states).flatMap(([state, prepare]) =>
  // Object.entries widens the keys to string; they are the keys of both tables.
  expectations[state as keyof typeof states].map(([expected, answer]) => ({
    state,
    prepare,
    expected,
    answer,
  })),
);

describeWithClient("append checks", (session) => {
  describe.each([
    { path: "batch append", options: {} },
    { path: "unary append", options: { credentials } },
  ])("$path", ({ options }) => {
    test.each(cases)("expecting $expected of a stream $state", async ({ prepare, expected, answer }) => {
      const { client } = session;
      const stream = uniqueStream("checks");
      await prepare(client, stream);
      const append = client.appendToStream(stream, numberedEvents(1, { type: "appended" }), {
        ...options,
        ...expecting(expected),
      });
      if (typeof answer === "bigint") {
        const result = await append;
        expect(result.success).toBe(true);
        expect(result.nextExpectedRevision).toBe(answer);
        expect(result.position?.commit).toBeGreaterThan(0n);
      } else if (answer === "deleted") {
        await expect(append).rejects.toMatchObject({ type: "stream-deleted", streamName: stream });
      } else {
        await expect(append).rejects.toMatchObject(conflict({ stream, expected, actual: answer.conflict }));
      }
    });
  });
});

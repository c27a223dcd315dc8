import { describe, expect, test } from "vitest";
import { numberedEvents, uniqueStream } from "../support/case-data.ts";
import { collect } from "../support/collect.ts";
import { credentials } from "../support/credentials.ts";
import { describeWithClient } from "../support/describe-with-client.ts";
import { conflict, expecting } from "../support/expectation.ts";

describeWithClient("idempotent appends", (session) => {
  describe.each([
    { path: "batch append", options: {} },
    { path: "unary append", options: { credentials } },
  ])("$path", ({ options }) => {
    test.each(["any", "stream_exists"] as const)(
      "%s: the same ids again answer the first result",
      async (expectedRevision) => {
        const stream = uniqueStream("idempotent");
        await session.client.appendToStream(stream, numberedEvents(1));
        const events = numberedEvents(3, { from: 1 });
        const first = await session.client.appendToStream(stream, events, {
          ...options,
          ...expecting(expectedRevision),
        });
        await session.client.appendToStream(stream, numberedEvents(1, { from: 4 }));
        const again = await session.client.appendToStream(stream, events, {
          ...options,
          ...expecting(expectedRevision),
        });
        expect(again.nextExpectedRevision).toBe(3n);
        expect(again.position).toEqual(first.position);
        expect(await collect(session.client.readStream(stream))).toHaveLength(5);
      },
    );

    test("any: the first part of the known ids is known too", async () => {
      const stream = uniqueStream("idempotent");
      const events = numberedEvents(3);
      await session.client.appendToStream(stream, events, options);
      const again = await session.client.appendToStream(stream, events.slice(0, 2), options);
      expect(again.nextExpectedRevision).toBe(1n);
      expect(await collect(session.client.readStream(stream))).toHaveLength(3);
    });

    test("any: a known id followed by an unknown one is refused", async () => {
      const stream = uniqueStream("idempotent");
      const known = numberedEvents(1);
      await session.client.appendToStream(stream, known, options);
      await expect(
        session.client.appendToStream(stream, [...known, ...numberedEvents(1)], options),
      ).rejects.toMatchObject(conflict({}));
      expect(await collect(session.client.readStream(stream))).toHaveLength(1);
    });

    test("any: an unknown id followed by a known one is appended", async () => {
      const stream = uniqueStream("idempotent");
      const known = numberedEvents(1);
      await session.client.appendToStream(stream, known, options);
      const result = await session.client.appendToStream(stream, [...numberedEvents(1), ...known], options);
      expect(result.nextExpectedRevision).toBe(2n);
      expect(await collect(session.client.readStream(stream))).toHaveLength(3);
    });

    test("any: an id of another stream is not known", async () => {
      const events = numberedEvents(2);
      await session.client.appendToStream(uniqueStream("idempotent"), events, options);
      const other = uniqueStream("idempotent");
      const result = await session.client.appendToStream(other, events, options);
      expect(result.nextExpectedRevision).toBe(1n);
      expect(await collect(session.client.readStream(other))).toHaveLength(2);
    });

    test("no_stream: the same ids again answer the first result", async () => {
      const stream = uniqueStream("idempotent");
      const events = numberedEvents(2);
      const expected = { ...options, ...expecting("no_stream") } as const;
      await session.client.appendToStream(stream, events, expected);
      await session.client.appendToStream(stream, numberedEvents(3));
      const again = await session.client.appendToStream(stream, events, expected);
      expect(again.nextExpectedRevision).toBe(1n);
      expect(await collect(session.client.readStream(stream))).toHaveLength(5);
    });

    test("a revision: the same ids at that place answer the first result", async () => {
      const stream = uniqueStream("idempotent");
      await session.client.appendToStream(stream, numberedEvents(2));
      const events = numberedEvents(2);
      const expected = { ...options, ...expecting(1n) };
      const first = await session.client.appendToStream(stream, events, expected);
      const again = await session.client.appendToStream(stream, events, expected);
      expect(again.nextExpectedRevision).toBe(first.nextExpectedRevision);
      expect(await collect(session.client.readStream(stream))).toHaveLength(4);
    });

    test("a revision: the same ids at another place are refused", async () => {
      const stream = uniqueStream("idempotent");
      const events = numberedEvents(2);
      await session.client.appendToStream(stream, numberedEvents(2));
      await session.client.appendToStream(stream, events, { ...options, ...expecting(1n) });
      await expect(
        session.client.appendToStream(stream, events, { ...options, ...expecting(0n) }),
      ).rejects.toMatchObject(conflict({ actual: 3n }));
    });

    test("a revision: known ids followed by an unknown one are refused", async () => {
      const stream = uniqueStream("idempotent");
      const events = numberedEvents(2);
      await session.client.appendToStream(stream, events, { ...options, ...expecting("no_stream") });
      await expect(
        session.client.appendToStream(stream, [...events, ...numberedEvents(1)], {
          ...options,
          ...expecting("no_stream"),
        }),
      ).rejects.toMatchObject(conflict({ actual: 1n }));
    });

    test("a revision: other ids at that place are refused", async () => {
      const stream = uniqueStream("idempotent");
      await session.client.appendToStream(stream, numberedEvents(2));
      await expect(
        session.client.appendToStream(stream, numberedEvents(1), { ...options, ...expecting(0n) }),
      ).rejects.toMatchObject(conflict({ actual: 1n }));
    });

    test("the current revision: the same ids are appended once more at their new place", async () => {
      const stream = uniqueStream("idempotent");
      const events = numberedEvents(2);
      await session.client.appendToStream(stream, events, options);
      const result = await session.client.appendToStream(stream, events, {
        ...options,
        ...expecting(1n),
      });
      expect(result.nextExpectedRevision).toBe(3n);
      expect(await collect(session.client.readStream(stream))).toHaveLength(4);
    });
  });
});

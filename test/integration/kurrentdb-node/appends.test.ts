import { randomUUID } from "node:crypto";
import { type AppendResult, EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { startKurrentDbTestNode } from "@tidemark/framework/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";

const node = await startKurrentDbTestNode();
const client = EventStoreDBClient.connectionString(node.connectionString);

afterEach(() => node.reset());
afterAll(async () => {
  await client.dispose();
  await node.close();
});

const event = (type: string, id: string = randomUUID()) => jsonEvent({ id, type, data: { type } });

async function types(stream: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { event: recorded } of client.readStream(stream)) found.push(recorded?.type ?? "");
  return found;
}

describe("appends", () => {
  it("appends and reads back", async () => {
    const first = await client.appendToStream("account-1", [event("A"), event("B")], {
      expectedRevision: "no_stream",
    });
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
    const second = await client.appendToStream("account-1", event("C"), { expectedRevision: 1n });
    expect(second.nextExpectedRevision).toBe(2n);
    expect(second.position?.commit).toBeGreaterThan(first.position?.commit ?? 0n);
    expect(await types("account-1")).toEqual(["A", "B", "C"]);
  });

  it("takes single appends too: they carry credentials", async () => {
    const credentials = { username: "admin", password: "changeit" };
    const result = await client.appendToStream("account-1", event("A"), { credentials });
    expect(result.nextExpectedRevision).toBe(0n);
    await expect(
      client.appendToStream("account-1", event("B"), { credentials, expectedRevision: 5n }),
    ).rejects.toMatchObject({ type: "wrong-expected-version", expectedVersion: 5n, actualVersion: 0n });
  });

  it("tells expected and actual revision of a conflict", async () => {
    await client.appendToStream("account-1", event("A"));
    await expect(
      client.appendToStream("account-1", event("B"), { expectedRevision: "no_stream" }),
    ).rejects.toMatchObject({
      type: "wrong-expected-version",
      streamName: "account-1",
      expectedVersion: "no_stream",
      actualVersion: 0n,
    });
    await expect(
      client.appendToStream("other", event("B"), { expectedRevision: "stream_exists" }),
    ).rejects.toMatchObject({ expectedVersion: "stream_exists", actualVersion: "no_stream" });
  });

  it("answers a repeated append with the old result, under any rule", async () => {
    const events = [event("A"), event("B")];
    const append = (expectedRevision: "any" | "no_stream"): Promise<AppendResult> =>
      client.appendToStream("account-1", events, { expectedRevision });
    const first = await append("no_stream");
    await client.appendToStream("account-1", event("C"));
    expect(await append("no_stream")).toEqual(first);
    expect(await append("any")).toEqual(first);
    expect(await types("account-1")).toEqual(["A", "B", "C"]);
  });

  it("refuses an append that is too large, and takes one below the limit", async () => {
    const large = (bytes: number) => jsonEvent({ type: "Large", data: { text: "x".repeat(bytes) } });
    await expect(client.appendToStream("account-1", large(1024 * 1024))).rejects.toMatchObject({
      type: "maximum-append-size-exceeded",
      maxAppendSize: 1024 * 1024,
    });
    await client.appendToStream("account-1", large(1_000_000));
    expect(await types("account-1")).toEqual(["Large"]);
  });

  it("takes an append in several chunks when its limit allows it, and forgets a chunk behind a refusal", async () => {
    await using large = await startKurrentDbTestNode({ maxAppendSize: 5_000_000 });
    const own = EventStoreDBClient.connectionString(large.connectionString);
    const events = (bytes: number) =>
      Array.from({ length: 10 }, () => jsonEvent({ type: "Large", data: { text: "x".repeat(bytes / 10) } }));
    const result = await own.appendToStream("s", events(4_000_000));
    expect(result.nextExpectedRevision).toBe(9n);
    await expect(own.appendToStream("s", events(8_000_000))).rejects.toMatchObject({
      type: "maximum-append-size-exceeded",
    });
    expect((await own.appendToStream("s", event("A"))).nextExpectedRevision).toBe(10n);
    await own.dispose();
  });

  it("continues the revisions of a soft-deleted stream, and ends a tombstoned one for ever", async () => {
    await client.appendToStream("Überweisung-1", [event("A"), event("B")]);
    await client.deleteStream("Überweisung-1");
    await expect(types("Überweisung-1")).rejects.toMatchObject({ type: "stream-not-found" });
    const revived = await client.appendToStream("Überweisung-1", event("C"), {
      expectedRevision: "no_stream",
    });
    expect(revived.nextExpectedRevision).toBe(2n);
    expect(await types("Überweisung-1")).toEqual(["C"]);
    await client.tombstoneStream("Überweisung-1");
    await expect(client.appendToStream("Überweisung-1", event("D"))).rejects.toMatchObject({
      type: "stream-deleted",
    });
    await expect(types("Überweisung-1")).rejects.toMatchObject({ type: "stream-deleted" });
    await expect(client.deleteStream("never-written")).rejects.toMatchObject({
      type: "wrong-expected-version",
      actualVersion: "no_stream",
    });
  });
});

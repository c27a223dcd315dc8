import { DomainError, parseConsistencyToken, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { countEvents, startWallets, Wallet } from "./wallet.ts";

let store: EventStore;
let application: Awaited<ReturnType<typeof startWallets>>;

beforeEach(async () => {
  store = inMemoryEventStore();
  application = await startWallets(store);
});

describe("a command", () => {
  test("answers revision, position, events and a token of this store", async () => {
    const opened = await application.execute(Wallet, "1", "open", { owner: "Ada" });
    expect(opened).toMatchObject({ aggregateId: "1", revision: 0n, replayed: false });
    const added = await application.execute(Wallet, "1", "add", { amount: "5", times: 3 });
    expect(added).toMatchObject({ revision: 3n, replayed: false });
    expect(added.events.map(({ type, data, revision }) => ({ type, data, revision }))).toEqual([
      { type: "Added", data: { amount: 5n }, revision: 1n },
      { type: "Added", data: { amount: 5n }, revision: 2n },
      { type: "Added", data: { amount: 5n }, revision: 3n },
    ]);
    expect(added.position).toBe(await store.head());
    expect(parseConsistencyToken(added.consistencyToken, store.storeId)).toBe(added.position);
  });

  test("that decides on nothing leaves the stream as it is and answers where it stands", async () => {
    const nothing = { revision: -1n, position: 0n, events: [] };
    expect(await application.execute(Wallet, "1", "add", { amount: "5", times: 0 })).toMatchObject(nothing);
    const opened = await application.execute(Wallet, "1", "open", { owner: "Ada" });
    await application.execute(Wallet, "2", "open", { owner: "Bob" });
    expect(await application.execute(Wallet, "1", "add", { amount: "5", times: 0 })).toMatchObject({
      revision: 0n,
      position: opened.position,
      events: [],
    });
  });

  test("without an id makes a new aggregate each time", async () => {
    const first = await application.execute(Wallet, null, "open", { owner: "Ada" });
    const second = await application.execute(Wallet, null, "open", { owner: "Ada" });
    expect(first.aggregateId).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(second.aggregateId > first.aggregateId).toBe(true);
  });

  test("that is refused appends nothing, and the refusal arrives as it was thrown", async () => {
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
    const refusal = await application.execute(Wallet, "1", "open", { owner: "Ada" }).catch((error) => error);
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({
      code: "already-open",
      message: "The wallet 1 is open",
      kind: "conflict",
      details: { balance: "0" },
    });
    expect(await countEvents(store, "wallet-1")).toBe(1);
  });

  test("whose decide fails is no refusal: the mistake comes out, and the next command runs", async () => {
    await expect(application.execute(Wallet, "1", "fail", {})).rejects.toThrow(TypeError);
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
  });
});

describe("input that breaks a rule", () => {
  test("is refused with every field before anything is loaded", async () => {
    const failure = await application.execute(Wallet, "1", "open", { owner: "" }).catch((error) => error);
    expect(failure).toMatchObject({
      code: "validation-failed",
      status: 400,
      errors: [{ field: "owner", rule: "too_small" }],
    });
    expect(failure.message).toContain("owner: ");
    await expect(application.execute(Wallet, "1", "add", { amount: "5x", times: -1 })).rejects.toMatchObject({
      errors: [{ field: "amount" }, { field: "times" }],
    });
  });

  test("an event that breaks its own rules says which, and nothing is appended", async () => {
    await expect(
      application.execute(Wallet, "1", "add", { amount: "1000001", times: 2 }),
    ).rejects.toMatchObject({
      code: "event-invalid",
      message: expect.stringContaining("wallet.Added breaks its rules: amount: must be at most a million"),
      errors: [{ field: "amount", message: "must be at most a million" }],
    });
    await expect(
      application.execute(Wallet, "1", "add", { amount: "9223372036854775808" }),
    ).rejects.toMatchObject({
      code: "event-invalid",
    });
    expect(await store.head()).toBe(0n);
  });

  test("more events than one append carries are refused before the store sees them", async () => {
    await expect(
      application.execute(Wallet, "1", "add", { amount: "1", times: 1_001 }),
    ).rejects.toMatchObject({
      code: "event-too-large",
      status: 422,
    });
    await application.execute(Wallet, "1", "add", { amount: "1", times: 1_000 });
  });

  test.each([
    ["an empty id", "", "aggregate-id-invalid"],
    ["201 characters", "x".repeat(201), "aggregate-id-invalid"],
    ["more than 255 bytes", "€".repeat(84), "stream-name-invalid"],
    ["a NUL", "a\u0000b", "stream-name-invalid"],
    ["a control character", "a\nb", "stream-name-invalid"],
    ["half a surrogate pair", "a\ud800", "stream-name-invalid"],
  ])("%s is no aggregate id", async (_, id, code) => {
    await expect(application.execute(Wallet, id, "open", { owner: "Ada" })).rejects.toMatchObject({
      code,
      status: 400,
    });
  });

  test.each([
    ["idempotencyKey", "", "idempotency-key-invalid"],
    ["idempotencyKey", "x".repeat(256), "idempotency-key-invalid"],
    ["idempotencyKey", " a", "idempotency-key-invalid"],
    ["idempotencyKey", "a ", "idempotency-key-invalid"],
    ["idempotencyKey", "ä", "idempotency-key-invalid"],
    ["idempotencyKey", "a\u0000", "idempotency-key-invalid"],
    ["eventId", "b9d9a4a0-6f0a-4f5e-8d3e-0d3f6b0f0c11", "validation-failed"],
    ["eventId", "x", "validation-failed"],
    ["correlationId", "x", "validation-failed"],
    ["causationId", "x", "validation-failed"],
    ["principal", "a\u0000b", "idempotency-key-invalid"],
    ["tenant", "a\u0000b", "stream-name-invalid"],
  ])("the option %s: %j", async (option, value, code) => {
    const options = { idempotencyKey: "key", [option]: value };
    await expect(application.execute(Wallet, "1", "open", { owner: "Ada" }, options)).rejects.toMatchObject({
      code,
      status: 400,
    });
    expect(await store.head()).toBe(0n);
  });
});

describe("an expected revision", () => {
  test("lets a command through only while nothing newer is there", async () => {
    const open = { owner: "Ada" };
    await expect(
      application.execute(Wallet, "1", "open", open, { expectedRevision: 0n }),
    ).rejects.toMatchObject({ code: "stale-revision", details: { expected: "0", actual: "-1" } });
    await application.execute(Wallet, "1", "open", open, { expectedRevision: -1n });
    await application.execute(Wallet, "1", "add", { amount: "1" }, { expectedRevision: 0n });
    await expect(
      application.execute(Wallet, "1", "add", { amount: "1" }, { expectedRevision: 0n }),
    ).rejects.toMatchObject({ code: "stale-revision", status: 412, details: { expected: "0", actual: "1" } });
  });

  test("of two commands that saw the same revision one wins, also across processes", async () => {
    const other = await startWallets(store);
    await application.execute(Wallet, "1", "open", { owner: "Ada" });
    const attempts = [application, other, application, other].map((node) =>
      node.execute(Wallet, "1", "add", { amount: "1" }, { expectedRevision: 0n }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "stale-revision" });
    }
  });
});

describe("tenants", () => {
  test("have streams of the same name that do not know each other", async () => {
    await application.execute(Wallet, "1", "open", { owner: "Ada" }, { tenant: "north" });
    await application.execute(Wallet, "1", "open", { owner: "Bob" }, { tenant: "south" });
    await expect(
      application.execute(Wallet, "1", "open", { owner: "Ada" }, { tenant: "north" }),
    ).rejects.toMatchObject({ code: "already-open" });
    expect(await countEvents(store, "wallet-1")).toBe(0);
  });
});

describe("an application that does not run", () => {
  test("says so", async () => {
    await application.close();
    await expect(application.execute(Wallet, "1", "open", { owner: "Ada" })).rejects.toMatchObject({
      code: "application-closed",
      status: 503,
    });
    await application.close();
    expect(await application.isReady()).toBe(false);
  });
});

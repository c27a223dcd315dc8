import { TidemarkError, type ErrorCode, type EventStore } from "@tidemark/framework";
import { inMemoryEventStore } from "@tidemark/framework/testing";
import { beforeEach, expect, test } from "vitest";
import { appendSettled } from "../../../packages/framework/src/command/append-settled.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { withAppend } from "./wallet.ts";

const options = { expectedRevision: "no-stream" } as const;

let store: EventStore;

beforeEach(() => {
  store = inMemoryEventStore();
});

/** Fails once for each code; `stores` says whether the first failure lost only the answer. */
function failing(codes: readonly ErrorCode[], { stores }: { readonly stores: boolean }): EventStore {
  const left = [...codes];
  return withAppend(store, async (...call) => {
    const code = left.shift();
    if (code === undefined) return store.append(...call);
    if (stores && left.length === codes.length - 1) await store.append(...call);
    throw new TidemarkError(code, "as the test wants it");
  });
}

test.each([true, false])(
  "a store that cannot be reached for a while: it was stored before: %s",
  async (stores) => {
    const codes: ErrorCode[] = [
      "outcome-unknown",
      "store-unavailable",
      "store-unavailable",
      "outcome-unknown",
    ];
    const events = sampleEvents(2);
    const outcome = await appendSettled(failing(codes, { stores }), "wallet-1", events, options);
    expect(outcome).toEqual({ status: "appended", revisions: [1n], position: 2n });
    expect(await store.head()).toBe(2n);
  },
);

test("a store that stays out of reach: unknown, and never that nothing was written", async () => {
  const codes = ["outcome-unknown", ...Array<ErrorCode>(100).fill("store-unavailable")] as const;
  const settling = appendSettled(failing(codes, { stores: true }), "wallet-1", sampleEvents(1), {
    ...options,
    settleMs: 100,
  });
  await expect(settling).rejects.toMatchObject({ code: "outcome-unknown" });
});

test("an application that closes meanwhile: unknown", async () => {
  const store = failing(["outcome-unknown", "application-closed"], { stores: true });
  await expect(appendSettled(store, "wallet-1", sampleEvents(1), options)).rejects.toMatchObject({
    code: "outcome-unknown",
  });
});

test("a store that was out of reach from the start: certainly nothing was written", async () => {
  const store = failing(["store-unavailable"], { stores: false });
  await expect(appendSettled(store, "wallet-1", sampleEvents(1), options)).rejects.toMatchObject({
    code: "store-unavailable",
  });
});

import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { createCallFlow } from "../../../packages/framework/src/testing/kurrentdb-node/call-flow.ts";

/** A call whose reader takes one message and then no more until `drain`. */
class SlowCall extends EventEmitter {
  readonly cancelled = false;
  readonly destroyed = false;
  readonly written: Buffer[] = [];
  isFull = false;
  ended = 0;

  write(message: Buffer): boolean {
    this.written.push(message);
    return !this.isFull;
  }

  end(): void {
    this.ended += 1;
  }
}

const message = Buffer.from("event");

it("writes on while there is room, and waits for drain when there is none", async () => {
  const call = new SlowCall();
  const flow = createCallFlow(call);
  expect(flow.write(message)).toBeUndefined();
  call.isFull = true;
  const room = flow.write(message);
  let isFree = false;
  const waited = room?.then(() => {
    isFree = true;
  });
  await new Promise(setImmediate);
  expect(isFree).toBe(false);
  call.emit("drain");
  await waited;
  expect(isFree).toBe(true);
  expect(call.listenerCount("drain")).toBe(0);
});

it("stops waiting when the reader leaves, and writes no more", async () => {
  const call = new SlowCall();
  const flow = createCallFlow(call);
  const closed: string[] = [];
  flow.onClose(() => closed.push("closed"));
  call.isFull = true;
  const room = flow.write(message);
  call.emit("cancelled");
  call.emit("close");
  await room;
  expect(flow.isClosed).toBe(true);
  expect(closed).toEqual(["closed"]);
  expect(flow.write(message)).toBeUndefined();
  expect(call.written).toHaveLength(1);
  expect(call.listenerCount("drain")).toBe(0);
});

it("ends a call once", () => {
  const call = new SlowCall();
  const flow = createCallFlow(call);
  flow.end();
  flow.end();
  expect(call.ended).toBe(1);
});

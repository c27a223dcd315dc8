import type { KurrentDbClient } from "./kurrentdb-client.ts";

/** State of a gRPC channel that has been closed for good. */
const shutdown = 4;

/** A call found the client between two connections: nothing was sent. */
export class ChannelClosedError extends Error {
  override readonly name = "ChannelClosedError";
}

/**
 * The same client, appending in a way that three faults of the clients cannot hurt:
 *
 * - Batched appends of `@eventstore/db-client` share one map in the process. When the connection of one client breaks,
 *   appends of others are rejected although they were written, and their late answers end the process. So the client
 *   is told that the server has no batched appends, and each append is a call of its own, unless `batchAppends`.
 * - With `throwOnAppendFailure=false` a refused append would look like a success: a refusal always throws here.
 * - A call that begins while the client drops its connection throws where nobody catches it: it is refused before.
 */
export function guardedClient(client: KurrentDbClient, batchAppends = false): KurrentDbClient {
  const overrides: Readonly<Record<string | symbol, unknown>> = {
    throwOnAppendFailure: true,
    ...(batchAppends ? {} : { supports: () => Promise.resolve(false) }),
    execute: (service: unknown, name: unknown, action: (stub: unknown) => unknown): unknown => {
      const execute: unknown = Reflect.get(client, "execute");
      if (typeof execute !== "function") throw new TypeError("the client cannot execute calls");
      return execute.call(client, service, name, (stub: unknown) => {
        refuseClosedChannel(stub);
        return action(stub);
      });
    },
  };
  const guarded: KurrentDbClient = new Proxy(client, {
    get(target, property) {
      if (Object.hasOwn(overrides, property)) return overrides[property];
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      const appends = property === "appendToStream" || property === "setStreamMetadata";
      return value.bind(appends ? guarded : target);
    },
  });
  return guarded;
}

function refuseClosedChannel(stub: unknown): void {
  if (typeof stub !== "object" || stub === null || !("getChannel" in stub)) return;
  if (typeof stub.getChannel !== "function") return;
  const channel: unknown = stub.getChannel();
  if (typeof channel !== "object" || channel === null || !("getConnectivityState" in channel)) return;
  if (typeof channel.getConnectivityState !== "function") return;
  if (channel.getConnectivityState(false) === shutdown)
    throw new ChannelClosedError("The client has just dropped its connection");
}

import { Buffer } from "node:buffer";
import type { RpcError } from "./rpc-error.ts";

/** The part of a streaming call that a flow uses. */
interface StreamingCall {
  readonly cancelled: boolean;
  readonly destroyed: boolean;
  write(message: Buffer): boolean;
  end(): void;
  emit(event: "error", error: RpcError): boolean;
  on(event: string, listener: () => void): unknown;
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** Writes encoded messages to a call, no faster than its reader takes them. */
export interface CallFlow {
  readonly isClosed: boolean;
  /** Writes a message; undefined when the next may follow at once, else a promise that ends with room or the call. */
  write(message: Buffer, isEvent?: boolean): Promise<void> | undefined;
  /** Ends the call, with the error if there is one. Later writes do nothing. */
  end(error?: RpcError): void;
  onClose(listener: () => void): void;
}

export function createCallFlow(call: StreamingCall): CallFlow {
  const listeners = new Set<() => void>();
  let isClosed = call.cancelled || call.destroyed;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of listeners) listener();
    listeners.clear();
  };
  for (const event of ["cancelled", "close", "error"]) call.on(event, close);

  return {
    get isClosed() {
      return isClosed;
    },
    write(message) {
      if (isClosed || call.write(message)) return undefined;
      return new Promise((resolve) => {
        // Without the second listener a reader that leaves while the buffer is full would hold the loop for ever.
        const proceed = () => {
          call.off("drain", proceed);
          listeners.delete(proceed);
          resolve();
        };
        call.once("drain", proceed);
        listeners.add(proceed);
      });
    },
    end(error) {
      if (isClosed) return;
      if (error === undefined) call.end();
      else call.emit("error", error);
      close();
    },
    onClose(listener) {
      if (isClosed) listener();
      else listeners.add(listener);
    },
  };
}

/** Lets a method answer with encoded bytes, so that a record is encoded once for all its readers. */
export function encodedResponse<T extends { readonly responseSerialize: (value: never) => Buffer }>(
  method: T,
): Omit<T, "responseSerialize"> & { responseSerialize: (message: EncodableMessage) => Buffer } {
  return {
    ...method,
    responseSerialize: (message) =>
      Buffer.isBuffer(message) ? message : Buffer.from(message.serializeBinary()),
  };
}

export type EncodableMessage = Buffer | { serializeBinary(): Uint8Array };

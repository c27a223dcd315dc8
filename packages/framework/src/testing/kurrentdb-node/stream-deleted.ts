import type { Protocol } from "./protocol.ts";
import { type RpcError, rpcException } from "./rpc-error.ts";

export function streamDeleted(protocol: Protocol, stream: string): RpcError {
  return rpcException(protocol, "stream-deleted", `Event stream '${stream}' is deleted.`, {
    "stream-name": stream,
  });
}

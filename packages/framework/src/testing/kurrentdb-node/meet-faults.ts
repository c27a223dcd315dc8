import { setTimeout as delay } from "node:timers/promises";
import type { CallFlow } from "./call-flow.ts";
import type { NodeContext } from "./node-service.ts";
import type { grpc } from "./protocol.ts";
import { type RpcError, rpcException, rpcStatus } from "./rpc-error.ts";

/** Meets the faults of a call before it is looked at. Answers why it is refused, if it is. */
export async function meetCallFaults(
  context: NodeContext,
  on: "append" | "read",
  stream: string,
  metadata: grpc.Metadata,
): Promise<RpcError | undefined> {
  const { faults } = context;
  const delayed = faults.take("delay", stream, (fault) => fault.on === on);
  if (delayed !== undefined) await delay(delayed.milliseconds, undefined, { ref: false });
  return refuseCall(context, on, stream, metadata);
}

/** The same without the wait, for calls whose order matters. */
export function refuseCall(
  context: NodeContext,
  on: "append" | "read",
  stream: string,
  metadata: grpc.Metadata,
): RpcError | undefined {
  const { cluster, faults, protocol, self } = context;
  const fault = faults.take("not-leader", stream, (candidate) => candidate.on === on);
  const wantsLeader = metadata.get("requires-leader")[0] === "true";
  const other = wantsLeader && cluster.leader !== self ? cluster.leader : undefined;
  const leader = fault?.leader ?? other;
  if (leader === undefined) return undefined;
  return rpcException(protocol, "not-leader", "Leader info available.", {
    "leader-endpoint-host": leader.host,
    "leader-endpoint-port": leader.port,
  });
}

/** A flow that breaks, when a test asked for it, after so many events. */
export function breakRead(context: NodeContext, stream: string, flow: CallFlow): CallFlow {
  const { faults, protocol, disconnect } = context;
  const broken = faults.take("break-read", stream);
  const cut = broken ?? faults.take("disconnect", stream, (fault) => fault.on === "read");
  if (cut === undefined) return flow;
  const limit = cut.afterEvents ?? 0;
  const breakOff = () => {
    if (cut.kind === "disconnect") disconnect();
    else flow.end(rpcStatus(protocol, "UNAVAILABLE", "The test node broke the read."));
  };
  let events = 0;
  return {
    get isClosed() {
      return flow.isClosed;
    },
    write(message, isEvent = false) {
      if (isEvent) events += 1;
      const full = limit === 0 ? undefined : flow.write(message);
      if (events >= limit) breakOff();
      return full;
    },
    end: (error) => flow.end(error),
    onClose: (listener) => flow.onClose(listener),
  };
}

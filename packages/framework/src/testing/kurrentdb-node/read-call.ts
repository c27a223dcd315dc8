import { type CallFlow, createCallFlow, type EncodableMessage } from "./call-flow.ts";
import type { NodeContext } from "./node-service.ts";
import type { grpc, streams } from "./protocol.ts";
import { readRecords } from "./read-records.ts";
import type { ReadResponses } from "./read-responses.ts";
import { parseReadRequest, type ReadRequest } from "./read-request.ts";
import { resolveLink } from "./resolve-link.ts";
import { rpcStatus } from "./rpc-error.ts";
import { breakRead, meetCallFaults } from "./meet-faults.ts";
import { runSubscription } from "./run-subscription.ts";
import { streamDeleted } from "./stream-deleted.ts";

export type ReadCall = grpc.ServerWritableStream<streams.ReadReq, EncodableMessage>;

/** Streams/Read: reads and subscriptions, of a stream and of $all. */
export async function readCall(
  context: NodeContext,
  responses: ReadResponses,
  call: ReadCall,
): Promise<void> {
  const { protocol } = context;
  const flow = createCallFlow(call);
  flow.onClose(context.openCalls.add(() => flow.end()));
  let request: ReadRequest | undefined;
  try {
    request = parseReadRequest(protocol, call.request);
  } catch (error) {
    // A regular expression that does not parse.
    return flow.end(rpcStatus(protocol, "INVALID_ARGUMENT", String(error)));
  }
  if (request === undefined) {
    return flow.end(rpcStatus(protocol, "INVALID_ARGUMENT", "The read names no stream or no count."));
  }
  const refusal = await meetCallFaults(context, "read", request.stream ?? "$all", call.metadata);
  if (refusal !== undefined) return flow.end(refusal);
  const breaking = breakRead(context, request.stream ?? "$all", flow);
  if (request.count === undefined) return runSubscription(context, responses, request, breaking);
  return read(context, responses, request, breaking);
}

async function read(
  context: NodeContext,
  responses: ReadResponses,
  request: ReadRequest,
  flow: CallFlow,
): Promise<void> {
  const { protocol, log } = context;
  const stream = request.stream === undefined ? undefined : log.read(request.stream);
  if (request.stream !== undefined && stream?.state === "deleted") {
    return flow.end(streamDeleted(protocol, request.stream));
  }
  if (request.stream !== undefined && stream?.state === "missing") {
    await flow.write(responses.streamNotFound(request.stream));
    return flow.end();
  }
  for (const record of readRecords(log, request, stream)) {
    const resolved = request.resolveLinks ? resolveLink(log, record) : { event: record };
    const full = flow.write(responses.event(resolved, request.structuredIds), true);
    if (full !== undefined) await full;
    if (flow.isClosed) return undefined;
  }
  return flow.end();
}

import { expectedRevision } from "./append-request.ts";
import { meetCallFaults } from "./meet-faults.ts";
import type { AppendOutcome } from "./node-log.ts";
import type { NodeContext } from "./node-service.ts";
import type { grpc, streams } from "./protocol.ts";
import { type RpcError, rpcException } from "./rpc-error.ts";
import { streamDeleted } from "./stream-deleted.ts";
import { streamName } from "./stream-name.ts";

type DeleteOptions = streams.DeleteReq.Options | streams.TombstoneReq.Options;

/** Streams/Delete: a soft delete. */
export async function deleteCall(
  context: NodeContext,
  call: grpc.ServerUnaryCall<streams.DeleteReq, streams.DeleteResp>,
): Promise<streams.DeleteResp | RpcError> {
  const { DeleteResp } = context.protocol.streams;
  const outcome = await settle(context, call.request.getOptions(), call.metadata, "softDelete");
  if (typeof outcome !== "number") return outcome;
  const position = String(outcome);
  return new DeleteResp().setPosition(
    new DeleteResp.Position().setCommitPosition(position).setPreparePosition(position),
  );
}

/** Streams/Tombstone: ends a stream for ever. */
export async function tombstoneCall(
  context: NodeContext,
  call: grpc.ServerUnaryCall<streams.TombstoneReq, streams.TombstoneResp>,
): Promise<streams.TombstoneResp | RpcError> {
  const { TombstoneResp } = context.protocol.streams;
  const outcome = await settle(context, call.request.getOptions(), call.metadata, "tombstone");
  if (typeof outcome !== "number") return outcome;
  const position = String(outcome);
  return new TombstoneResp().setPosition(
    new TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position),
  );
}

/** The position of what was written, or why nothing was. */
async function settle(
  context: NodeContext,
  options: DeleteOptions | undefined,
  metadata: grpc.Metadata,
  action: "softDelete" | "tombstone",
): Promise<number | RpcError> {
  const { log, protocol } = context;
  const stream = streamName(options?.getStreamIdentifier());
  const refusal = await meetCallFaults(context, "append", stream, metadata);
  if (refusal !== undefined) return refusal;
  const revision = options?.hasRevision() ? options.getRevision() : undefined;
  const expected = options === undefined ? "any" : expectedRevision(options, revision);
  const outcome: AppendOutcome = log[action](stream, expected);
  if (outcome.kind === "stream-deleted") return streamDeleted(protocol, stream);
  if (outcome.kind === "wrong-expected-version") {
    const wanted = { any: -2, "stream-exists": -4 };
    const details = `Append failed due to WrongExpectedVersion. Stream: ${stream}, actual version: ${outcome.revision}`;
    return rpcException(protocol, "wrong-expected-version", details, {
      "stream-name": stream,
      "expected-version": typeof expected === "number" ? expected : wanted[expected],
      // Without a revision the client reads "no stream".
      ...(outcome.revision >= 0 && { "actual-version": outcome.revision }),
    });
  }
  return outcome.position;
}

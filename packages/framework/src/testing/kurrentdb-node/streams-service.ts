import { appendCall } from "./append-call.ts";
import { batchAppendCall } from "./batch-append-call.ts";
import { encodedResponse } from "./call-flow.ts";
import { deleteCall, tombstoneCall } from "./delete-calls.ts";
import type { NodeContext, NodeService } from "./node-service.ts";
import type { grpc, streams } from "./protocol.ts";
import { type ReadCall, readCall } from "./read-call.ts";
import { createReadResponses } from "./read-responses.ts";
import { type RpcError, rpcStatus } from "./rpc-error.ts";

export function streamsService(context: NodeContext): NodeService {
  const { protocol } = context;
  const responses = createReadResponses(protocol);

  function settle<T extends object>(outcome: Promise<T | RpcError>, callback: grpc.sendUnaryData<T>): void {
    void outcome.then(
      (answer) => (isRpcError(answer) ? callback(answer) : callback(null, answer)),
      (error: unknown) => callback(rpcStatus(protocol, "INTERNAL", String(error))),
    );
  }

  return {
    definition: {
      ...protocol.streamsService,
      read: encodedResponse(protocol.streamsService.read),
    },
    handlers: {
      read(call: ReadCall) {
        void readCall(context, responses, call).catch((error: unknown) =>
          call.emit("error", rpcStatus(protocol, "INTERNAL", String(error))),
        );
      },
      append: (
        call: grpc.ServerReadableStream<streams.AppendReq, streams.AppendResp>,
        callback: grpc.sendUnaryData<streams.AppendResp>,
      ) => appendCall(context, call, callback),
      batchAppend: (call: grpc.ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>) =>
        batchAppendCall(context, call),
      delete: (
        call: grpc.ServerUnaryCall<streams.DeleteReq, streams.DeleteResp>,
        callback: grpc.sendUnaryData<streams.DeleteResp>,
      ) => settle(deleteCall(context, call), callback),
      tombstone: (
        call: grpc.ServerUnaryCall<streams.TombstoneReq, streams.TombstoneResp>,
        callback: grpc.sendUnaryData<streams.TombstoneResp>,
      ) => settle(tombstoneCall(context, call), callback),
    },
  };
}

function isRpcError(answer: object): answer is RpcError {
  return "code" in answer && "metadata" in answer;
}

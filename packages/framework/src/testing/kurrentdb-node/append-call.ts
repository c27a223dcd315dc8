import { appendEvents } from "./append-events.ts";
import { brokenLimit, expectedRevision, proposedRecord } from "./append-request.ts";
import type { ProposedRecord } from "./log-record.ts";
import { meetCallFaults } from "./meet-faults.ts";
import type { NodeContext } from "./node-service.ts";
import type { grpc, streams } from "./protocol.ts";
import { rpcException, type RpcError, rpcStatus } from "./rpc-error.ts";
import { streamDeleted } from "./stream-deleted.ts";
import { streamName } from "./stream-name.ts";

type AppendCall = grpc.ServerReadableStream<streams.AppendReq, streams.AppendResp>;

/** Streams/Append: options first, then one message an event; answered when the client has ended. */
export function appendCall(
  context: NodeContext,
  call: AppendCall,
  callback: grpc.sendUnaryData<streams.AppendResp>,
): void {
  const { limits, protocol } = context;
  let options: streams.AppendReq.Options | undefined;
  const events: ProposedRecord[] = [];
  let missing: string | undefined;
  call.on("data", (request: streams.AppendReq) => {
    options ??= request.getOptions();
    const message = request.getProposedMessage();
    if (message === undefined) return;
    const event = proposedRecord(message);
    if (typeof event === "string") missing ??= event;
    else events.push(event);
  });
  call.on("end", () => {
    void answer().then(
      (result) => ("code" in result ? callback(result) : callback(null, result)),
      (error: unknown) => callback(rpcStatus(protocol, "INTERNAL", String(error))),
    );
  });

  async function answer(): Promise<streams.AppendResp | RpcError> {
    if (options === undefined) return rpcStatus(protocol, "INVALID_ARGUMENT", "The append has no options.");
    const stream = streamName(options.getStreamIdentifier());
    const refusal = await meetCallFaults(context, "append", stream, call.metadata);
    if (refusal !== undefined) return refusal;
    if (missing !== undefined) {
      return rpcException(
        protocol,
        "missing-required-metadata-property",
        `Required Metadata Property '${missing}' is missing`,
        {
          "required-metadata-properties": "type,content-type",
        },
      );
    }
    const tooLarge = brokenLimit(events, limits);
    if (tooLarge?.limit === "append") {
      return rpcException(
        protocol,
        "maximum-append-size-exceeded",
        `Maximum Append Size of ${limits.maxAppendSize} Exceeded.`,
        {
          "maximum-append-size": limits.maxAppendSize,
        },
      );
    }
    if (tooLarge !== undefined) {
      return rpcException(
        protocol,
        "maximum-append-event-size-exceeded",
        `Maximum Append Event Size of ${limits.maxEventSize} Exceeded.`,
        {
          "maximum-append-event-size": limits.maxEventSize,
        },
      );
    }
    const expected = expectedRevision(options, options.hasRevision() ? options.getRevision() : undefined);
    const outcome = appendEvents(context, stream, expected, events);
    if (outcome.kind === "unavailable" || outcome.kind === "disconnected") {
      return rpcStatus(protocol, "UNAVAILABLE", "The test node lost the answer.");
    }
    if (outcome.kind === "stream-deleted") return streamDeleted(protocol, stream);
    const { AppendResp } = protocol.streams;
    if (outcome.kind === "wrong-expected-version") {
      return new AppendResp().setWrongExpectedVersion(wrongExpectedVersion(options, outcome.revision));
    }
    const success = new AppendResp.Success().setPosition(
      new AppendResp.Position()
        .setCommitPosition(String(outcome.position))
        .setPreparePosition(String(outcome.position)),
    );
    if (outcome.revision === -1) success.setNoStream(new protocol.shared.Empty());
    else success.setCurrentRevision(String(outcome.revision));
    return new AppendResp().setSuccess(success);
  }

  function wrongExpectedVersion(expected: streams.AppendReq.Options, current: number) {
    const answer = new protocol.streams.AppendResp.WrongExpectedVersion();
    const empty = new protocol.shared.Empty();
    if (current === -1) answer.setCurrentNoStream(empty);
    else answer.setCurrentRevision(String(current));
    if (expected.hasAny()) return answer.setExpectedAny(empty);
    if (expected.hasStreamExists()) return answer.setExpectedStreamExists(empty);
    if (expected.hasNoStream()) return answer.setExpectedNoStream(empty);
    return answer.setExpectedRevision(expected.getRevision());
  }
}

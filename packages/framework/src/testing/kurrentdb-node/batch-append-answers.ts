import type { Protocol, shared, status, streams } from "./protocol.ts";
import { streamIdentifier } from "./stream-name.ts";
import { uuidMessage } from "./uuid-wire.ts";

/** The answers of BatchAppend. Errors are google.rpc.Status messages whose detail names the client's error class. */
export interface BatchAppendAnswers {
  success(revision: number, position: number): streams.BatchAppendResp;
  wrongExpectedVersion(options: streams.BatchAppendReq.Options, current: number): streams.BatchAppendResp;
  streamDeleted(stream: string): streams.BatchAppendResp;
  tooLarge(maxAppendSize: number): streams.BatchAppendResp;
  timeout(): streams.BatchAppendResp;
  badRequest(message: string): streams.BatchAppendResp;
  /** Adds what tells the client which append is meant. */
  addressed(
    answer: streams.BatchAppendResp,
    correlation: string,
    options: streams.BatchAppendReq.Options,
  ): streams.BatchAppendResp;
}

interface Detail {
  serializeBinary(): Uint8Array;
}

/** Codes of google.rpc.Code. */
const codes = { deadlineExceeded: 4, failedPrecondition: 9, invalidArgument: 3 } as const;

export function createBatchAppendAnswers(protocol: Protocol): BatchAppendAnswers {
  const { BatchAppendResp } = protocol.streams;
  const empty = () => new protocol.empty.Empty();

  function failure(code: number, message: string, name: string, detail: Detail): streams.BatchAppendResp {
    const packed = new protocol.any.Any();
    packed.pack(detail.serializeBinary(), `event_store.client.${name}`);
    const answer: status.Status = new protocol.status.Status();
    // The generated enum of codes is declared and not shipped.
    answer.setCode(code as Parameters<typeof answer.setCode>[0]);
    return new BatchAppendResp().setError(answer.setMessage(message).setDetails(packed));
  }

  return {
    success(revision, position) {
      const success = new BatchAppendResp.Success().setPosition(
        new protocol.shared.AllStreamPosition()
          .setCommitPosition(String(position))
          .setPreparePosition(String(position)),
      );
      if (revision === -1) success.setNoStream(empty());
      else success.setCurrentRevision(String(revision));
      return new BatchAppendResp().setSuccess(success);
    },
    wrongExpectedVersion(options, current) {
      const detail: shared.WrongExpectedVersion = new protocol.shared.WrongExpectedVersion();
      if (current === -1) detail.setCurrentNoStream(empty());
      else detail.setCurrentStreamRevision(String(current));
      if (options.hasAny()) detail.setExpectedAny(empty());
      else if (options.hasStreamExists()) detail.setExpectedStreamExists(empty());
      else if (options.hasNoStream()) detail.setExpectedNoStream(empty());
      else detail.setExpectedStreamPosition(options.getStreamPosition());
      return failure(codes.failedPrecondition, "Wrong expected version.", "WrongExpectedVersion", detail);
    },
    streamDeleted(stream) {
      const detail = new protocol.shared.StreamDeleted();
      detail.setStreamIdentifier(streamIdentifier(protocol, stream));
      return failure(
        codes.failedPrecondition,
        `Event stream '${stream}' is deleted.`,
        "StreamDeleted",
        detail,
      );
    },
    tooLarge(maxAppendSize) {
      const detail = new protocol.shared.MaximumAppendSizeExceeded().setMaxappendsize(maxAppendSize);
      const message = `Maximum Append Size of ${maxAppendSize} Exceeded.`;
      return failure(codes.invalidArgument, message, "MaximumAppendSizeExceeded", detail);
    },
    timeout: () =>
      failure(codes.deadlineExceeded, "Operation timed out.", "Timeout", new protocol.shared.Timeout()),
    badRequest: (message) =>
      failure(
        codes.invalidArgument,
        message,
        "BadRequest",
        new protocol.shared.BadRequest().setMessage(message),
      ),
    addressed(answer, correlation, options) {
      answer.setCorrelationId(uuidMessage(protocol, correlation));
      const stream = options.getStreamIdentifier();
      if (stream !== undefined) answer.setStreamIdentifier(stream);
      if (options.hasAny()) return answer.setAny(empty());
      if (options.hasStreamExists()) return answer.setStreamExists(empty());
      if (options.hasNoStream()) return answer.setNoStream(empty());
      return answer.setStreamPosition(options.getStreamPosition());
    },
  };
}

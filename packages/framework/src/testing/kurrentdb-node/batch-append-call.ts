import { setTimeout as delay } from "node:timers/promises";
import { appendEvents } from "./append-events.ts";
import { brokenLimit, expectedRevision, proposedRecord } from "./append-request.ts";
import { createBatchAppendAnswers } from "./batch-append-answers.ts";
import type { ProposedRecord } from "./log-record.ts";
import { refuseCall } from "./meet-faults.ts";
import type { NodeContext } from "./node-service.ts";
import type { grpc, streams } from "./protocol.ts";
import { type RpcError, rpcStatus } from "./rpc-error.ts";
import { streamName } from "./stream-name.ts";
import { uuidText } from "./uuid-wire.ts";

type BatchAppendCall = grpc.ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** An append whose chunks are still coming. */
interface PendingAppend {
  readonly options: streams.BatchAppendReq.Options;
  readonly stream: string;
  readonly events: ProposedRecord[];
  missing: string | undefined;
}

/**
 * Streams/BatchAppend: one long call a client, in which appends carry a correlation id, each answered once. A reset of
 * the node leaves it open: clients keep it for their lifetime.
 */
export function batchAppendCall(context: NodeContext, call: BatchAppendCall): void {
  const { cluster, faults, limits, protocol } = context;
  const answers = createBatchAppendAnswers(protocol);
  const pending = new Map<string, PendingAppend>();
  let isOver = false;
  const unfollow = cluster.onLeaderChange(() => {
    const refusal = refuseCall(context, "append", "", call.metadata);
    if (refusal !== undefined) fail(refusal);
  });

  call.on("data", (request: streams.BatchAppendReq) => {
    const correlation = uuidText(request.getCorrelationId());
    const options = request.getOptions();
    let append = pending.get(correlation);
    if (append === undefined) {
      // Chunks behind an answer: the append was refused before its end.
      if (options === undefined) return;
      append = { options, stream: streamName(options.getStreamIdentifier()), events: [], missing: undefined };
      pending.set(correlation, append);
    }
    for (const message of request.getProposedMessagesList()) {
      const event = proposedRecord(message);
      if (typeof event === "string") append.missing ??= event;
      else append.events.push(event);
    }
    const tooLarge = brokenLimit(append.events, limits);
    if (!request.getIsFinal() && tooLarge === undefined) return;
    pending.delete(correlation);
    const delayed = faults.take("delay", append.stream, (fault) => fault.on === "append");
    if (delayed === undefined) return settle(correlation, append);
    const ready = append;
    void delay(delayed.milliseconds, undefined, { ref: false }).then(() => settle(correlation, ready));
  });
  call.on("end", () => finish(() => call.end()));
  for (const event of ["cancelled", "close", "error"]) call.on(event, () => finish(() => {}));

  function settle(correlation: string, append: PendingAppend): void {
    if (isOver) return;
    const { options, stream, events } = append;
    const refusal = refuseCall(context, "append", stream, call.metadata);
    if (refusal !== undefined) return fail(refusal);
    const reply = (message: streams.BatchAppendResp) => {
      call.write(answers.addressed(message, correlation, options));
    };
    if (append.missing !== undefined)
      return reply(answers.badRequest(`Required metadata property '${append.missing}' is missing.`));
    const tooLarge = brokenLimit(events, limits);
    if (tooLarge?.limit === "append") return reply(answers.tooLarge(limits.maxAppendSize));
    if (tooLarge !== undefined)
      return reply(answers.badRequest(`Maximum Append Event Size of ${limits.maxEventSize} Exceeded.`));
    if (isPast(options)) return reply(answers.timeout());
    const revision = options.hasStreamPosition() ? options.getStreamPosition() : undefined;
    const outcome = appendEvents(context, stream, expectedRevision(options, revision), events);
    if (outcome.kind === "disconnected") return;
    if (outcome.kind === "unavailable")
      return fail(rpcStatus(protocol, "UNAVAILABLE", "The test node lost the answer."));
    if (outcome.kind === "stream-deleted") return reply(answers.streamDeleted(stream));
    if (outcome.kind === "wrong-expected-version")
      return reply(answers.wrongExpectedVersion(options, outcome.revision));
    reply(answers.success(outcome.revision, outcome.position));
  }

  /** The deadline is the client's time, so it is compared with the system's and not with the node's clock. */
  function isPast(options: streams.BatchAppendReq.Options): boolean {
    const deadline = options.getDeadline();
    return deadline !== undefined && deadline.toDate().getTime() <= Date.now();
  }

  function fail(error: RpcError): void {
    finish(() => call.emit("error", error));
  }

  function finish(end: () => void): void {
    if (isOver) return;
    isOver = true;
    unfollow();
    pending.clear();
    end();
  }
}

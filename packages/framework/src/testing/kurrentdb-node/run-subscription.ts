import { randomUUID } from "node:crypto";
import type { CallFlow } from "./call-flow.ts";
import { isHiddenInAll } from "./event-filter.ts";
import type { LogRecord } from "./log-record.ts";
import type { NodeLog } from "./node-log.ts";
import type { NodeContext } from "./node-service.ts";
import type { ReadRequest } from "./read-request.ts";
import type { ReadResponses } from "./read-responses.ts";
import { resolveLink } from "./resolve-link.ts";
import { streamDeleted } from "./stream-deleted.ts";

/** What a subscription meets next in the log. */
type Next =
  | { readonly kind: "event"; readonly record: LogRecord }
  | { readonly kind: "checkpoint"; readonly position: number }
  | { readonly kind: "deleted" };

/**
 * Confirmation, history, `caught_up`, then what comes. The log is pulled by index, also live: there is no gap between
 * history and live, and no buffer that could overflow.
 */
export async function runSubscription(
  context: NodeContext,
  responses: ReadResponses,
  request: ReadRequest,
  flow: CallFlow,
): Promise<void> {
  const { faults, log, protocol } = context;
  const next =
    request.stream === undefined ? allCursor(log, request) : streamCursor(log, request, request.stream);
  let wake = () => {};
  const stopListening = log.onChange(() => wake());
  flow.onClose(() => {
    stopListening();
    wake();
  });
  await flow.write(responses.confirmation(randomUUID()));
  let isLive = false;
  while (!flow.isClosed) {
    const found = next();
    if (found === undefined) {
      if (!isLive) {
        isLive = true;
        if (request.filter !== undefined) await flow.write(responses.checkpoint(log.lastPosition));
        await flow.write(responses.caughtUp());
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (flow.isClosed) resolve();
      });
    } else if (found.kind === "deleted") {
      flow.end(streamDeleted(protocol, request.stream ?? "$all"));
    } else if (found.kind === "checkpoint") {
      await flow.write(responses.checkpoint(found.position));
    } else {
      const resolved = request.resolveLinks ? resolveLink(log, found.record) : { event: found.record };
      const full = flow.write(responses.event(resolved, request.structuredIds), true);
      if (full !== undefined) await full;
      // A server whose live buffer overflowed reads the log again, and says once more that it has caught up.
      if (isLive && faults.take("slow-reader", request.stream ?? "$all") !== undefined) isLive = false;
    }
  }
}

function streamCursor(log: NodeLog, { from }: ReadRequest, name: string): () => Next | undefined {
  // Exclusive: the given revision is the last one that the subscriber has seen.
  let revision = from === "start" ? 0 : from === "end" ? log.read(name).last + 1 : from + 1;
  return () => {
    const stream = log.read(name);
    if (stream.state === "deleted") return { kind: "deleted" };
    if (stream.state === "missing") return undefined;
    revision = Math.max(revision, stream.first);
    while (revision <= stream.last) {
      const record = stream.recordAt(revision);
      revision += 1;
      if (record !== undefined) return { kind: "event", record };
    }
    return undefined;
  };
}

function allCursor(log: NodeLog, { from, filter }: ReadRequest): () => Next | undefined {
  let index = from === "start" ? 0 : from === "end" ? log.length : log.indexFrom(from);
  if (typeof from === "number" && log.at(index)?.position === from) index += 1;
  let considered = 0;
  let checkpointDue: number | undefined;
  return () => {
    if (checkpointDue !== undefined) {
      const position = checkpointDue;
      checkpointDue = undefined;
      return { kind: "checkpoint", position };
    }
    for (;;) {
      const record = log.at(index);
      if (record === undefined) return undefined;
      index += 1;
      if (isHiddenInAll(record)) continue;
      if (filter === undefined) return { kind: "event", record };
      considered += 1;
      const isDue = considered % filter.checkpointInterval === 0;
      if (filter.matches(record)) {
        if (isDue) checkpointDue = record.position;
        return { kind: "event", record };
      }
      if (isDue) return { kind: "checkpoint", position: record.position };
    }
  };
}

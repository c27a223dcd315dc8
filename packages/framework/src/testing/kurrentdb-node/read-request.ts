import { type EventFilter, eventFilter } from "./event-filter.ts";
import type { Protocol, streams } from "./protocol.ts";
import { streamName } from "./stream-name.ts";

/** Where a read begins: a revision or a position, or an end of the stream or log. */
export type ReadStart = number | "start" | "end";

export interface ReadRequest {
  /** Undefined for $all. */
  readonly stream: string | undefined;
  readonly from: ReadStart;
  readonly isBackwards: boolean;
  readonly resolveLinks: boolean;
  readonly structuredIds: boolean;
  /** Undefined for a subscription. */
  readonly count: number | undefined;
  readonly filter: EventFilter | undefined;
}

/** Understands a request. Undefined when it names neither a stream nor $all, neither a count nor a subscription. */
export function parseReadRequest(protocol: Protocol, request: streams.ReadReq): ReadRequest | undefined {
  const options = request.getOptions();
  const all = options?.getAll();
  const stream = options?.getStream();
  if (options === undefined || (all ?? stream) === undefined) return undefined;
  if (!options.hasCount() && !options.hasSubscription()) return undefined;
  const filter = options.getFilter();
  const position = all?.getPosition()?.getCommitPosition();
  const revision = stream?.hasRevision() ? stream.getRevision() : undefined;
  return {
    stream: stream === undefined ? undefined : streamName(stream.getStreamIdentifier()),
    from: start(position ?? revision, (all ?? stream)?.hasEnd() ?? false),
    isBackwards: options.getReadDirection() === protocol.streams.ReadReq.Options.ReadDirection.BACKWARDS,
    resolveLinks: options.getResolveLinks(),
    structuredIds: options.getUuidOption()?.hasStructured() ?? false,
    count: options.hasCount() ? Number(options.getCount()) : undefined,
    filter: all === undefined || filter === undefined ? undefined : eventFilter(filter),
  };
}

/** 2^64 - 1 is how clients write the end as a number. */
function start(place: string | undefined, isEnd: boolean): ReadStart {
  if (place === undefined) return isEnd ? "end" : "start";
  return place === "18446744073709551615" ? "end" : Number(place);
}

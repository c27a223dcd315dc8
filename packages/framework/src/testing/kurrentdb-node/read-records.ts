import { isHiddenInAll } from "./event-filter.ts";
import type { LogRecord } from "./log-record.ts";
import type { NodeLog, ReadableStream } from "./node-log.ts";
import type { ReadRequest } from "./read-request.ts";

/** The records of a finite read, lazily. */
export function readRecords(
  log: NodeLog,
  request: ReadRequest,
  stream?: ReadableStream,
): Iterable<LogRecord> {
  const records = stream === undefined ? allRecords(log, request) : streamRecords(stream, request);
  return take(records, request.count ?? Infinity);
}

function* streamRecords(stream: ReadableStream, { from, isBackwards }: ReadRequest): Iterable<LogRecord> {
  const step = isBackwards ? -1 : 1;
  let revision = from === "end" ? (isBackwards ? stream.last : stream.last + 1) : from === "start" ? 0 : from;
  revision = isBackwards ? Math.min(revision, stream.last) : Math.max(revision, stream.first);
  for (; revision >= stream.first && revision <= stream.last; revision += step) {
    const record = stream.recordAt(revision);
    if (record !== undefined) yield record;
  }
}

function* allRecords(log: NodeLog, { from, isBackwards, filter }: ReadRequest): Iterable<LogRecord> {
  const end = log.length;
  // Inclusive forwards, exclusive backwards.
  const boundary = from === "end" ? end : from === "start" ? 0 : log.indexFrom(from);
  const step = isBackwards ? -1 : 1;
  for (let index = isBackwards ? boundary - 1 : boundary; index >= 0 && index < end; index += step) {
    const record = log.at(index);
    if (record === undefined) return;
    if (!isHiddenInAll(record) && (filter?.matches(record) ?? true)) yield record;
  }
}

function* take(records: Iterable<LogRecord>, count: number): Iterable<LogRecord> {
  if (count <= 0) return;
  let taken = 0;
  for (const record of records) {
    yield record;
    taken += 1;
    if (taken >= count) return;
  }
}

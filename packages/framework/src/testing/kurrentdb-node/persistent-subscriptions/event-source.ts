import type { LogRecord } from "../log-record.ts";
import type { NodeLog } from "../node-log.ts";
import type { StartFrom } from "./subscription-settings.ts";

/** What a group reads: one stream, or $all through a filter. A cursor is the next place to look at. */
export interface EventSource {
  readonly name: string;
  cursorOf(startFrom: StartFrom): number;
  /** The cursor behind the place that a checkpoint names. */
  cursorBehind(checkpoint: string): number;
  next(cursor: number): { readonly record: LogRecord; readonly cursor: number } | undefined;
  /** How the server writes the record's place into checkpoints and statistics. */
  placeOf(record: LogRecord): string;
  startFromText(startFrom: StartFrom): string;
}

export function streamSource(log: NodeLog, stream: string): EventSource {
  return {
    name: stream,
    cursorOf(startFrom) {
      if (startFrom === "start") return 0;
      return startFrom === "end" ? log.read(stream).last + 1 : startFrom;
    },
    cursorBehind: (checkpoint) => Number(checkpoint) + 1,
    next(cursor) {
      const readable = log.read(stream);
      if (readable.state !== "readable") return undefined;
      for (let revision = Math.max(cursor, readable.first); revision <= readable.last; revision++) {
        const record = readable.recordAt(revision);
        if (record !== undefined) return { record, cursor: revision + 1 };
      }
      return undefined;
    },
    placeOf: (record) => String(record.revision),
    startFromText: (startFrom) =>
      startFrom === "start" ? "0" : startFrom === "end" ? "-1" : String(startFrom),
  };
}

/** Cursors are indexes of the log's records. */
export function allSource(log: NodeLog, isWanted: (record: LogRecord) => boolean): EventSource {
  return {
    name: "$all",
    cursorOf(startFrom) {
      if (startFrom === "start") return 0;
      return startFrom === "end" ? log.length : log.indexFrom(startFrom);
    },
    cursorBehind: (checkpoint) => log.indexFrom(Number(/^C:(\d+)/.exec(checkpoint)?.[1]) + 1),
    next(cursor) {
      for (let index = cursor; index < log.length; index++) {
        const record = log.at(index);
        if (record !== undefined && isWanted(record)) return { record, cursor: index + 1 };
      }
      return undefined;
    },
    placeOf: (record) => positionText(record.position),
    startFromText(startFrom) {
      if (startFrom === "start") return positionText(0);
      return positionText(startFrom === "end" ? -1 : startFrom);
    },
  };
}

function positionText(position: number): string {
  return `C:${position}/P:${position}`;
}

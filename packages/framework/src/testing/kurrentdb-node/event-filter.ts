import type { LogRecord } from "./log-record.ts";
import type { streams } from "./protocol.ts";

/** A server-side filter of $all. */
export interface EventFilter {
  matches(record: LogRecord): boolean;
  /** A checkpoint follows after so many considered events. */
  readonly checkpointInterval: number;
}

const defaultWindow = 32;

export function eventFilter(options: streams.ReadReq.Options.FilterOptions): EventFilter {
  const byStream = options.getStreamIdentifier();
  const matches = textFilter(byStream ?? options.getEventType());
  const window = options.hasMax() ? options.getMax() : defaultWindow;
  return {
    matches: (record) => matches(byStream === undefined ? record.type : record.stream),
    checkpointInterval: Math.max(options.getCheckpointintervalmultiplier(), 1) * Math.max(window, 1),
  };
}

function textFilter(
  expression: { getRegex(): string; getPrefixList(): string[] } | undefined,
): (text: string) => boolean {
  const prefixes = expression?.getPrefixList() ?? [];
  if (prefixes.length > 0) return (text) => prefixes.some((prefix) => text.startsWith(prefix));
  // The server's are .NET's regular expressions; those of JavaScript agree on all that filters usually need.
  const regex = new RegExp(expression?.getRegex() ?? "", "u");
  return (text) => regex.test(text);
}

const hiddenStreams = /^\$persistentsubscription-\$all::.*-(checkpoint|parked)$/u;

/** What $all never shows: the log's own records and those of persistent subscriptions to $all. */
export function isHiddenInAll(record: LogRecord): boolean {
  if (!record.stream.startsWith("$")) return false;
  return record.stream === "$epoch-information" || hiddenStreams.test(record.stream);
}

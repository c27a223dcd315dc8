import type { LogRecord } from "./log-record.ts";
import type { NodeLog } from "./node-log.ts";

/** An event, the link it was found through, or both. */
export type ResolvedRecord =
  | { readonly event: LogRecord; readonly link?: LogRecord }
  | { readonly event?: undefined; readonly link: LogRecord };

/** Follows a link event (`$>`, data `revision@stream`); one whose target is gone stays alone. */
export function resolveLink(log: NodeLog, record: LogRecord): ResolvedRecord {
  if (record.type !== "$>") return { event: record };
  const text = Buffer.from(record.data).toString("utf8");
  const at = text.indexOf("@");
  const target = log.read(text.slice(at + 1));
  const event = target.state === "readable" ? target.recordAt(Number(text.slice(0, at))) : undefined;
  return event === undefined ? { link: record } : { event, link: record };
}

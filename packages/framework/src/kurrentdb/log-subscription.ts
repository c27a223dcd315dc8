import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import type { StoredEvent } from "../event/stored-event.ts";
import type { EventPage, ReadAllOptions } from "../event-store/event-store.ts";
import { isInfrastructureError } from "../infrastructure-error.ts";
import type { Logger } from "../telemetry/logger.ts";
import { OutageLog } from "../telemetry/outage-log.ts";
import type { KurrentDbClient, KurrentDbFilter } from "./kurrentdb-client.ts";
import { translated } from "./kurrentdb-error.ts";
import { LiveRecords } from "./live-records.ts";
import { matches, type LogReader } from "./log-reader.ts";
import type { StoreIdentity } from "./store-identity.ts";
import { quote, type StreamNames } from "./stream-names.ts";

export interface SubscriptionSource {
  readonly client: KurrentDbClient;
  readonly log: LogReader;
  readonly identity: StoreIdentity;
  readonly names: StreamNames;
  readonly logger: Logger;
}

/** How often an idle subscription looks whether the log has grown by events that it does not want. */
const idleMs = 250;

const firstRetryDelayMs = 50;
const longestRetryDelayMs = 5_000;

/**
 * Pages of the log for ever: begins again after whatever ended the server's subscription, behind the last event that
 * was handed out.
 *
 * The position scanned to comes from events, and from the head of the log as it was before a server's subscription
 * began that has caught up since. The server's own checkpoints are not used: one may lie behind an event that is still
 * to come (kurrent-io/KurrentDB#4970).
 */
export async function* subscribeToLog(
  source: SubscriptionSource,
  options: ReadAllOptions,
  signal: AbortSignal,
): AsyncGenerator<EventPage> {
  const { pageSize = 1_000, pageBytes = Infinity } = options;
  const { client, log, identity, logger } = source;
  const filter = serverFilter(source.names, options);
  let scanned = options.after ?? 0n;
  let failures = 0;
  const outage = new OutageLog(logger, {
    begun: "a subscription to KurrentDB is interrupted and begins again when the server answers",
    over: "a subscription to KurrentDB goes on",
  });
  while (!signal.aborted) {
    let live: LiveRecords | null = null;
    try {
      await identity.check();
      const head = await log.head();
      live = new LiveRecords(client, {
        from: log.startOf(scanned),
        filter,
        highWaterMark: Math.min(pageSize, 1_000),
      });
      for (;;) {
        const batch = await live.take({ records: pageSize, bytes: pageBytes }, idleMs, signal);
        if (signal.aborted) return;
        const events: StoredEvent[] = [];
        const before = scanned;
        for (const record of batch.records) {
          // What has been handed out may come again after a reconnection, and is no news.
          if (record.commit <= scanned) continue;
          const found = log.toEvent(record);
          if (found === null) continue;
          scanned = record.commit;
          if (found.name.tenant === (options.tenant ?? "") && matches(options.filter ?? {}, found))
            events.push(found.event);
        }
        if (batch.caughtUp && scanned < head) scanned = head;
        if (batch.caughtUp || batch.records.length > 0) {
          failures = 0;
          outage.succeeded({ position: String(scanned) });
        }
        if (scanned > before) {
          yield { events, scannedTo: scanned };
          if (signal.aborted) return;
        }
        // Only a subscription that begins after the head was read can vouch for everything before it.
        if (batch.idle && live.hasCaughtUp && (await log.head()) > scanned) break;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TidemarkError && error.code === "log-diverged") throw error;
      identity.suspect();
      failures += 1;
      const wait = Math.min(longestRetryDelayMs, firstRetryDelayMs * 2 ** (failures - 1));
      const facts = { position: String(scanned), retryInMs: wait };
      if (isInfrastructureError(error)) outage.failed(translated(error), facts);
      else logger.warn({ err: error, ...facts }, "a subscription to KurrentDB failed and begins again");
      await delay(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    } finally {
      await live?.close();
    }
  }
}

/** What the server need not send. It filters by type or by stream; the rest is left to the reader. */
function serverFilter(names: StreamNames, { tenant = "", filter = {} }: ReadAllOptions): KurrentDbFilter {
  const { types, categories } = filter;
  return types === undefined
    ? { filterOn: "streamName", checkpointInterval: 1_000, regex: names.pattern(tenant, categories) }
    : { filterOn: "eventType", checkpointInterval: 1_000, regex: `^(${types.map(quote).join("|")})$` };
}

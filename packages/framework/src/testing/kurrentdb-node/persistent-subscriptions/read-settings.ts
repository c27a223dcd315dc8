import type { persistent } from "../protocol.ts";
import type { StartFrom, SubscriptionSettings } from "./subscription-settings.ts";

const ticksPerMillisecond = 10_000;
/** The clients' -1 in an unsigned field: from the end. */
const endRevision = "18446744073709551615";
const strategies = ["DispatchToSingle", "RoundRobin", "Pinned"];

type Settings = persistent.CreateReq.Settings | persistent.UpdateReq.Settings;
type Options = persistent.CreateReq.Options | persistent.UpdateReq.Options;

/** Reads the settings of a create or an update request. */
export function readSettings(options: Options): SubscriptionSettings {
  const settings = options.getSettings();
  if (settings === undefined) throw new Error("the request has no settings");
  return {
    startFrom: startFromOf(options, settings),
    resolveLinks: settings.getResolveLinks(),
    extraStatistics: settings.getExtraStatistics(),
    messageTimeout: settings.hasMessageTimeoutMs()
      ? settings.getMessageTimeoutMs()
      : Number(settings.getMessageTimeoutTicks()) / ticksPerMillisecond,
    maxRetryCount: settings.getMaxRetryCount(),
    checkpointAfter: settings.hasCheckpointAfterMs()
      ? settings.getCheckpointAfterMs()
      : Number(settings.getCheckpointAfterTicks()) / ticksPerMillisecond,
    minCheckpointCount: settings.getMinCheckpointCount(),
    maxCheckpointCount: settings.getMaxCheckpointCount(),
    maxSubscriberCount: settings.getMaxSubscriberCount(),
    liveBufferSize: settings.getLiveBufferSize(),
    readBatchSize: settings.getReadBatchSize(),
    historyBufferSize: settings.getHistoryBufferSize(),
    consumerStrategy: consumerStrategyOf(settings),
  };
}

/** Newer clients send the name; older ones a number, whose 0 cannot be told from an absent field. */
function consumerStrategyOf(settings: Settings): string {
  const name = "getConsumerStrategy" in settings ? settings.getConsumerStrategy() : "";
  return name === "" ? (strategies[settings.getNamedConsumerStrategy()] ?? "RoundRobin") : name;
}

function startFromOf(options: Options, settings: Settings): StartFrom {
  const place = options.getAll() ?? options.getStream();
  if (place === undefined) return revisionOf(settings.getRevision());
  if (place.hasStart()) return "start";
  if (place.hasEnd()) return "end";
  if ("getRevision" in place) return revisionOf(place.getRevision());
  const position = Number(place.getPosition()?.getCommitPosition());
  return position === 0 ? "start" : position;
}

function revisionOf(revision: string): StartFrom {
  if (revision === endRevision || revision === "-1") return "end";
  return revision === "0" ? "start" : Number(revision);
}

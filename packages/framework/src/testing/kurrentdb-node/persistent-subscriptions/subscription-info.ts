import type { persistent, Protocol } from "../protocol.ts";
import type { Consumer } from "./consumer.ts";
import { latencyStatistics } from "./latency-statistics.ts";
import type { PersistentSubscription } from "./persistent-subscription.ts";

/** What GetInfo and List say of a group. */
export function subscriptionInfo(
  protocol: Protocol,
  subscription: PersistentSubscription,
): persistent.SubscriptionInfo {
  const { source, group, settings, strategy, parked } = subscription.options;
  const statistics = subscription.statistics;
  return new protocol.persistent.SubscriptionInfo()
    .setEventSource(source.name)
    .setGroupName(group)
    .setStatus(statistics.status)
    .setConnectionsList(
      [...subscription.consumers].map((consumer) =>
        connectionInfo(protocol, consumer, settings.extraStatistics),
      ),
    )
    .setTotalItems(String(subscription.totalItems))
    .setCountSinceLastMeasurement("0")
    .setLastCheckpointedEventPosition(statistics.lastCheckpoint ?? "")
    .setLastKnownEventPosition(statistics.lastKnown ?? "")
    .setResolveLinkTos(settings.resolveLinks)
    .setStartFrom(source.startFromText(settings.startFrom))
    .setMessageTimeoutMilliseconds(settings.messageTimeout)
    .setExtraStatistics(settings.extraStatistics)
    .setMaxRetryCount(settings.maxRetryCount)
    .setLiveBufferSize(settings.liveBufferSize)
    .setBufferSize(settings.historyBufferSize)
    .setReadBatchSize(settings.readBatchSize)
    .setCheckPointAfterMilliseconds(settings.checkpointAfter)
    .setMinCheckPointCount(settings.minCheckpointCount)
    .setMaxCheckPointCount(settings.maxCheckpointCount)
    .setReadBufferCount(statistics.waiting)
    .setLiveBufferCount("0")
    .setRetryBufferCount(statistics.retries)
    .setTotalInFlightMessages(statistics.inFlight)
    .setOutstandingMessagesCount(statistics.inFlight)
    .setNamedConsumerStrategy(strategy.name)
    .setMaxSubscriberCount(settings.maxSubscriberCount)
    .setParkedMessageCount(String(parked.count));
}

function connectionInfo(
  protocol: Protocol,
  consumer: Consumer,
  withLatencies: boolean,
): persistent.SubscriptionInfo.ConnectionInfo {
  const { ConnectionInfo, Measurement } = protocol.persistent.SubscriptionInfo;
  const measurements = withLatencies ? latencyStatistics(consumer.latencies) : [];
  return new ConnectionInfo()
    .setFrom(consumer.options.from)
    .setUsername("anonymous")
    .setConnectionName(consumer.options.connectionName)
    .setTotalItems(String(consumer.totalItems))
    .setCountSinceLastMeasurement("0")
    .setAvailableSlots(consumer.availableSlots)
    .setInFlightMessages(consumer.inFlight.size)
    .setObservedMeasurementsList(
      measurements.map(([key, value]) => new Measurement().setKey(key).setValue(String(value))),
    );
}

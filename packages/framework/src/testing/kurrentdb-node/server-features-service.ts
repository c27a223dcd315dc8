import type { features, grpc, shared } from "./protocol.ts";
import type { NodeContext, NodeService } from "./node-service.ts";

/**
 * Nothing but tests of clients reads it: clients decide by the methods and features below. It names the line whose
 * default limits and services the node has.
 */
const serverVersion = "24.2.0";

const streams = "event_store.client.streams.streams";
const persistent = "event_store.client.persistent_subscriptions.persistentsubscriptions";
const persistentFeatures = ["stream", "all"];

/** Clients compare in lower case. */
const methods: readonly (readonly [service: string, method: string, features: readonly string[]])[] = [
  [streams, "read", ["position", "events"]],
  [streams, "append", []],
  [streams, "batchappend", ["deadline_duration"]],
  [streams, "delete", []],
  [streams, "tombstone", []],
  ...["create", "update", "delete", "read", "getinfo", "replayparked", "list", "restartsubsystem"].map(
    (method) => [persistent, method, persistentFeatures] as const,
  ),
  ["event_store.client.gossip.gossip", "read", []],
];

export function serverFeaturesService({ protocol }: NodeContext): NodeService {
  const { SupportedMethod, SupportedMethods } = protocol.features;
  const answer = new SupportedMethods().setEventStoreServerVersion(serverVersion).setMethodsList(
    methods.map(([service, method, list]) =>
      new SupportedMethod()
        .setServiceName(service)
        .setMethodName(method)
        .setFeaturesList([...list]),
    ),
  );
  return {
    definition: protocol.serverFeaturesService,
    handlers: {
      getSupportedMethods(
        _call: grpc.ServerUnaryCall<shared.Empty, features.SupportedMethods>,
        callback: grpc.sendUnaryData<features.SupportedMethods>,
      ) {
        callback(null, answer);
      },
    },
  };
}

import { eventFilter } from "../event-filter.ts";
import type { NodeLog } from "../node-log.ts";
import type { NodeContext, NodeService } from "../node-service.ts";
import type { grpc, persistent, shared } from "../protocol.ts";
import { rpcStatus } from "../rpc-error.ts";
import { streamName } from "../stream-name.ts";
import { type ConsumerStream, isRpcError, serveConsumer } from "./consumer-call.ts";
import { readSettings } from "./read-settings.ts";
import { subscriptionInfo } from "./subscription-info.ts";
import { type SubscriptionKey, SubscriptionRegistry } from "./subscription-registry.ts";

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** The server's persistent subscriptions: groups of consumers that share a stream or $all. */
export function persistentSubscriptionsService(context: NodeContext): NodeService {
  const { protocol } = context;
  const { registry, release } = sharedRegistry(context);
  const { CreateResp, UpdateResp, DeleteResp, GetInfoResp, ListResp, ReplayParkedResp } = protocol.persistent;

  const unary =
    <Request, Response>(answer: (request: Request) => Response): Unary<Request, Response> =>
    (call, callback) => {
      try {
        callback(null, answer(call.request));
      } catch (error) {
        // The registry throws what the client is to see; anything else is a fault of the node and is shown as such.
        callback(isRpcError(error) ? error : rpcStatus(protocol, "UNKNOWN", String(error)), null);
      }
    };

  const create: Unary<persistent.CreateReq, persistent.CreateResp> = unary((request) => {
    const options = given(request.getOptions());
    const filter = options.getAll()?.getFilter();
    const wanted = filter && eventFilter(filter);
    registry.create(keyOf(options), readSettings(options), (record) => wanted?.matches(record) ?? true);
    return new CreateResp();
  });
  const update: Unary<persistent.UpdateReq, persistent.UpdateResp> = unary((request) => {
    const options = given(request.getOptions());
    registry.update(keyOf(options), readSettings(options));
    return new UpdateResp();
  });
  const remove: Unary<persistent.DeleteReq, persistent.DeleteResp> = unary((request) => {
    registry.delete(keyOf(given(request.getOptions())));
    return new DeleteResp();
  });
  const getInfo: Unary<persistent.GetInfoReq, persistent.GetInfoResp> = unary((request) => {
    const subscription = registry.get(keyOf(given(request.getOptions())));
    return new GetInfoResp().setSubscriptionInfo(subscriptionInfo(protocol, subscription));
  });
  const list: Unary<persistent.ListReq, persistent.ListResp> = unary((request) => {
    const ofStream = given(request.getOptions()).getListForStream();
    const stream = ofStream?.hasAll() ? "$all" : ofStream && streamName(ofStream.getStream());
    const found = registry.list(stream).map((subscription) => subscriptionInfo(protocol, subscription));
    return new ListResp().setSubscriptionsList(found);
  });
  const replayParked: Unary<persistent.ReplayParkedReq, persistent.ReplayParkedResp> = unary((request) => {
    const options = given(request.getOptions());
    registry.get(keyOf(options)).replayParked(options.hasStopAt() ? Number(options.getStopAt()) : undefined);
    return new ReplayParkedResp();
  });
  const restartSubsystem: Unary<shared.Empty, shared.Empty> = unary(() => {
    registry.restart();
    return new protocol.shared.Empty();
  });

  return {
    definition: protocol.persistentSubscriptionsService,
    handlers: {
      create,
      update,
      delete: remove,
      getInfo,
      list,
      replayParked,
      restartSubsystem,
      read: (call: ConsumerStream) => serveConsumer(context, registry, call),
    },
    reset: () => registry.reset(),
    close: release,
  };
}

const registries = new WeakMap<NodeLog, { readonly registry: SubscriptionRegistry; nodes: number }>();

/** Groups live with the log: all replicas of a node serve the same ones, until the last of them closes. */
function sharedRegistry(context: NodeContext): { registry: SubscriptionRegistry; release: () => void } {
  const shared = registries.get(context.log) ?? { registry: new SubscriptionRegistry(context), nodes: 0 };
  registries.set(context.log, shared);
  shared.nodes += 1;
  return {
    registry: shared.registry,
    release() {
      shared.nodes -= 1;
      if (shared.nodes > 0) return;
      registries.delete(context.log);
      shared.registry.close();
    },
  };
}

interface KeyedOptions {
  hasAll(): boolean;
  getStream?(): persistent.CreateReq.StreamOptions | persistent.UpdateReq.StreamOptions | undefined;
  getStreamIdentifier(): shared.StreamIdentifier | undefined;
  getGroupName(): string;
}

/** Newer clients put the stream into an option of its own, older ones beside it. */
function keyOf(options: KeyedOptions): SubscriptionKey {
  const stream = options.getStream?.()?.getStreamIdentifier() ?? options.getStreamIdentifier();
  return { stream: options.hasAll() ? "$all" : streamName(stream), group: options.getGroupName() };
}

function given<T>(options: T | undefined): T {
  if (options === undefined) throw new Error("the request has no options");
  return options;
}

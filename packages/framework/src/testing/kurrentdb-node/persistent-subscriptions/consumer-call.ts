import type { NodeContext } from "../node-service.ts";
import type { grpc, persistent } from "../protocol.ts";
import { fillRecordedEvent } from "../read-responses.ts";
import { rpcException, type RpcError, rpcStatus } from "../rpc-error.ts";
import { streamName } from "../stream-name.ts";
import { uuidText } from "../uuid-wire.ts";
import { Consumer, type DropReason } from "./consumer.ts";
import type { Message } from "./message.ts";
import type { NackAction, PersistentSubscription } from "./persistent-subscription.ts";
import { keyText, type SubscriptionKey, type SubscriptionRegistry } from "./subscription-registry.ts";

export type ConsumerStream = grpc.ServerDuplexStream<persistent.ReadReq, persistent.ReadResp>;

interface Session {
  readonly consumer: Consumer;
  readonly subscription: PersistentSubscription;
}

/** Serves one consumer for as long as its call lasts. */
export function serveConsumer(
  context: NodeContext,
  registry: SubscriptionRegistry,
  call: ConsumerStream,
): void {
  const { protocol } = context;
  let session: Session | undefined;
  let isOver = false;

  const finish = (error?: RpcError) => {
    if (isOver) return;
    isOver = true;
    forget();
    session?.subscription.leave(session.consumer);
    if (error === undefined) call.end();
    else call.emit("error", error);
  };
  const forget = context.openCalls.add(() => finish(rpcStatus(protocol, "UNAVAILABLE", "The node stops.")));
  // What a consumer has in hand is bounded, so nothing needs to wait for its reader.
  const write = (message: persistent.ReadResp) => {
    if (!isOver) call.write(message);
  };
  for (const event of ["cancelled", "close", "end", "error"]) call.on(event, () => finish());
  call.on("data", (request: persistent.ReadReq) => {
    if (isOver) return;
    try {
      const options = request.getOptions();
      if (options !== undefined) session ??= connect(options);
      else if (session !== undefined) settle(session, request);
      else finish(rpcStatus(protocol, "INVALID_ARGUMENT", "The first message must hold the options."));
    } catch (error) {
      // The registry throws what the client is to see; anything else is a fault of the node and is shown as such.
      finish(isRpcError(error) ? error : rpcStatus(protocol, "UNKNOWN", String(error)));
    }
  });

  function connect(options: persistent.ReadReq.Options): Session {
    const key = {
      stream: options.hasAll() ? "$all" : streamName(options.getStreamIdentifier()),
      group: options.getGroupName(),
    };
    const structuredIds = options.getUuidOption()?.hasStructured() ?? false;
    const subscription = registry.get(key);
    if (subscription.isFull) throw refusal("maximum-subscribers-reached", key);
    const consumer = new Consumer({
      from: call.getPeer(),
      connectionName: String(call.metadata.get("connection-name")[0] ?? ""),
      bufferSize: options.getBufferSize(),
      send: (message) => write(eventMessage(message, structuredIds)),
      drop: (reason) => finish(dropped(reason, key)),
    });
    const { ReadResp } = protocol.persistent;
    write(
      new ReadResp().setSubscriptionConfirmation(
        new ReadResp.SubscriptionConfirmation().setSubscriptionId(keyText(key)),
      ),
    );
    session = { consumer, subscription };
    subscription.join(consumer);
    return session;
  }

  function settle({ consumer, subscription }: Session, request: persistent.ReadReq): void {
    const ack = request.getAck();
    const nack = request.getNack();
    if (ack !== undefined) subscription.acknowledge(consumer, ack.getIdsList().map(uuidText));
    if (nack === undefined) return;
    subscription.refuse(
      consumer,
      nack.getIdsList().map(uuidText),
      action(nack.getAction()),
      nack.getReason(),
    );
  }

  function action(value: persistent.ReadReq.Nack.Action): NackAction {
    const { PARK, SKIP, STOP } = protocol.persistent.ReadReq.Nack.Action;
    if (value === PARK) return "park";
    if (value === SKIP) return "skip";
    return value === STOP ? "stop" : "retry";
  }

  function eventMessage({ event, link, retryCount }: Message, structuredIds: boolean): persistent.ReadResp {
    const { ReadResp } = protocol.persistent;
    const message = new ReadResp.ReadEvent().setRetryCount(retryCount);
    const recorded = (record: NonNullable<typeof event>) =>
      fillRecordedEvent(protocol, new ReadResp.ReadEvent.RecordedEvent(), record, structuredIds);
    if (event !== undefined) message.setEvent(recorded(event));
    if (link !== undefined) message.setLink(recorded(link));
    const position = (link ?? event)?.position;
    if (position !== undefined) message.setCommitPosition(String(position));
    return new ReadResp().setEvent(message);
  }

  function dropped(reason: DropReason, key: SubscriptionKey): RpcError {
    const details = `Subscription group ${key.group} on stream ${key.stream} was ${reason}.`;
    return rpcException(protocol, "persistent-subscription-dropped", details, trailers(key));
  }

  function refusal(name: "maximum-subscribers-reached", key: SubscriptionKey): RpcError {
    const details = `Maximum subscriptions reached for subscription group ${key.group} on stream ${key.stream}.`;
    return rpcException(protocol, name, details, trailers(key));
  }
}

function trailers({ stream, group }: SubscriptionKey): Record<string, string> {
  return { "stream-name": stream, "group-name": group };
}

export function isRpcError(error: unknown): error is RpcError {
  return typeof error === "object" && error !== null && "code" in error && "metadata" in error;
}

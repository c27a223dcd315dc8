import { randomUUID } from "node:crypto";
import { isHiddenInAll } from "../event-filter.ts";
import type { LogRecord } from "../log-record.ts";
import type { NodeContext } from "../node-service.ts";
import { resolveLink } from "../resolve-link.ts";
import { type RpcError, rpcException } from "../rpc-error.ts";
import { consumerStrategy } from "./consumer-strategy.ts";
import { allSource, type EventSource, streamSource } from "./event-source.ts";
import { parkedMessages } from "./parked-messages.ts";
import { PersistentSubscription } from "./persistent-subscription.ts";
import { subscriptionCheckpoint } from "./subscription-checkpoint.ts";
import { settingsFault, type SubscriptionSettings } from "./subscription-settings.ts";

/** Which group is meant; the stream may be `$all`. */
export interface SubscriptionKey {
  readonly stream: string;
  readonly group: string;
}

type Matches = (record: LogRecord) => boolean;

interface Entry extends SubscriptionKey {
  readonly subscription: PersistentSubscription;
  readonly matches: Matches;
}

/** The groups of a node. Methods throw the error that the client is to see. */
export class SubscriptionRegistry {
  readonly #context: NodeContext;
  readonly #entries = new Map<string, Entry>();
  readonly #stopListening: () => void;

  constructor(context: NodeContext) {
    this.#context = context;
    this.#stopListening = context.log.onChange(() => {
      for (const { subscription } of this.#entries.values()) subscription.push();
    });
  }

  /** `matches` filters $all. */
  create(key: SubscriptionKey, settings: SubscriptionSettings, matches: Matches): void {
    if (this.#entries.has(keyText(key))) {
      const details = `Subscription group ${key.group} on stream ${key.stream} exists.`;
      throw this.#exception("persistent-subscription-exists", key, details);
    }
    this.#start(key, settings, matches);
    this.#writeConfiguration();
  }

  /** Ends the consumers; the group goes on from its checkpoint with its filter. */
  update(key: SubscriptionKey, settings: SubscriptionSettings): void {
    const { subscription, matches } = this.#find(key);
    this.#check(key, settings);
    subscription.close("dropped");
    this.#start(key, settings, matches);
    this.#writeConfiguration();
  }

  delete(key: SubscriptionKey): void {
    const { subscription } = this.#find(key);
    this.#entries.delete(keyText(key));
    subscription.close("deleted");
    subscription.options.checkpoint.delete();
    subscription.options.parked.delete();
    this.#writeConfiguration();
  }

  get(key: SubscriptionKey): PersistentSubscription {
    return this.#find(key).subscription;
  }

  /** All groups, or those of one stream. */
  list(stream?: string): PersistentSubscription[] {
    const found = [...this.#entries.values()].filter(
      (entry) => stream === undefined || entry.stream === stream,
    );
    if (stream !== undefined && found.length === 0) throw this.#missing({ stream, group: "" });
    return found.map(({ subscription }) => subscription);
  }

  /** Ends all consumers and begins each group anew at its checkpoint. */
  restart(): void {
    for (const { subscription, matches, stream, group } of this.#entries.values()) {
      subscription.close("dropped");
      this.#start({ stream, group }, subscription.options.settings, matches);
    }
  }

  /** Forgets all groups. */
  reset(): void {
    for (const { subscription } of this.#entries.values()) subscription.close("dropped");
    this.#entries.clear();
  }

  close(): void {
    this.#stopListening();
    this.reset();
  }

  #start(key: SubscriptionKey, settings: SubscriptionSettings, matches: Matches): void {
    const strategy = this.#check(key, settings);
    const { log, clock } = this.#context;
    const subscription = new PersistentSubscription({
      source: this.#source(key.stream, matches),
      group: key.group,
      settings,
      strategy,
      clock,
      checkpoint: subscriptionCheckpoint(log, keyText(key)),
      parked: parkedMessages(log, clock, keyText(key)),
      resolveLink: (record) => resolveLink(log, record),
    });
    this.#entries.set(keyText(key), { ...key, subscription, matches });
  }

  #source(stream: string, matches: Matches): EventSource {
    const { log } = this.#context;
    if (stream !== "$all") return streamSource(log, stream);
    return allSource(log, (record) => !isHiddenInAll(record) && matches(record));
  }

  #check(key: SubscriptionKey, settings: SubscriptionSettings) {
    const strategy = consumerStrategy(settings.consumerStrategy);
    const unknown =
      strategy === undefined ? `Consumer strategy ${settings.consumerStrategy} does not exist.` : undefined;
    const isBeyond =
      key.stream === "$all" &&
      typeof settings.startFrom === "number" &&
      settings.startFrom > this.#context.log.lastPosition;
    const beyond = isBeyond ? "The start position lies beyond the end of the log." : undefined;
    const fault = unknown ?? settingsFault(settings) ?? beyond;
    if (strategy !== undefined && fault === undefined) return strategy;
    const reason = fault ?? "";
    throw this.#exception(
      "persistent-subscription-failed",
      key,
      `Subscription group ${key.group} on stream ${key.stream} failed: '${reason}'`,
      { reason },
    );
  }

  #find(key: SubscriptionKey): Entry {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined) throw this.#missing(key);
    return entry;
  }

  #missing(key: SubscriptionKey): RpcError {
    const details = `Subscription group ${key.group} on stream ${key.stream} does not exist.`;
    return this.#exception("persistent-subscription-does-not-exist", key, details);
  }

  #exception(
    name: Parameters<typeof rpcException>[1],
    key: SubscriptionKey,
    details: string,
    trailers: Readonly<Record<string, string>> = {},
  ): RpcError {
    return rpcException(this.#context.protocol, name, details, {
      "stream-name": key.stream,
      "group-name": key.group,
      ...trailers,
    });
  }

  /** The server keeps its groups in the log, where subscribers of $all see each change. */
  #writeConfiguration(): void {
    const entries = [...this.#entries.values()].map(({ stream, group, subscription }) => ({
      stream,
      group,
      resolveLinkTos: subscription.options.settings.resolveLinks,
      maxRetryCount: subscription.options.settings.maxRetryCount,
      namedConsumerStrategy: subscription.options.settings.consumerStrategy,
    }));
    const text = JSON.stringify({ version: "2", updated: new Date(this.#context.clock.now()), entries });
    this.#context.log.append("$persistentSubscriptionConfig", "any", [
      {
        id: randomUUID(),
        type: "$PersistentConfig",
        contentType: "application/json",
        data: Buffer.from(text, "utf8"),
        customMetadata: new Uint8Array(),
      },
    ]);
  }
}

/** How the server names the group. */
export function keyText({ stream, group }: SubscriptionKey): string {
  return `${stream}::${group}`;
}

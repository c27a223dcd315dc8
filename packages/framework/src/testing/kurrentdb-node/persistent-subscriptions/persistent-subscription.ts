import type { LogRecord } from "../log-record.ts";
import type { NodeClock } from "../node-clock.ts";
import type { ResolvedRecord } from "../resolve-link.ts";
import { CheckpointProgress } from "./checkpoint-progress.ts";
import type { Consumer, DropReason } from "./consumer.ts";
import type { ConsumerStrategy, PushResult } from "./consumer-strategy.ts";
import type { EventSource } from "./event-source.ts";
import { type Message, originalOf } from "./message.ts";
import type { ParkedMessages } from "./parked-messages.ts";
import { SourceReader } from "./source-reader.ts";
import type { SubscriptionCheckpoint } from "./subscription-checkpoint.ts";
import type { SubscriptionSettings } from "./subscription-settings.ts";

export interface PersistentSubscriptionOptions {
  readonly source: EventSource;
  readonly group: string;
  readonly settings: SubscriptionSettings;
  readonly strategy: ConsumerStrategy;
  readonly clock: NodeClock;
  readonly checkpoint: SubscriptionCheckpoint;
  readonly parked: ParkedMessages;
  readonly resolveLink: (record: LogRecord) => ResolvedRecord;
}

/** What a consumer says about a message that it does not acknowledge. */
export type NackAction = "park" | "retry" | "skip" | "stop";

/** "nothing": no message went out, though somebody has room. */
type PushedAll = "sent" | "nothing" | "full";

interface Outstanding {
  readonly message: Message;
  readonly consumer: Consumer;
  readonly sentAt: number;
  readonly cancelTimeout: () => void;
}

/**
 * A group of consumers that share the events of one source. Messages are read from the log as far as consumers have
 * room, so the server's buffer sizes bound only what a pinned consumer may hold up.
 */
export class PersistentSubscription {
  readonly options: PersistentSubscriptionOptions;
  readonly consumers = new Set<Consumer>();
  totalItems = 0;
  readonly #reader: SourceReader;
  readonly #progress: CheckpointProgress;
  readonly #outstanding = new Map<string, Outstanding>();
  #retries: Message[] = [];
  #waiting: Message[] = [];
  #pushing = false;
  #closed = false;

  constructor(options: PersistentSubscriptionOptions) {
    this.options = options;
    const { source, settings, checkpoint, resolveLink, clock } = options;
    const place = checkpoint.read();
    this.#reader = new SourceReader({
      source,
      cursor: place === undefined ? source.cursorOf(settings.startFrom) : source.cursorBehind(place),
      lastPlace: place,
      resolve: settings.resolveLinks ? resolveLink : (event) => ({ event }),
    });
    this.#progress = new CheckpointProgress({ clock, settings, checkpoint, lowest: () => this.#lowest() });
  }

  get statistics() {
    return {
      status: this.#reader.isAtEnd ? "Live" : "Behind",
      lastCheckpoint: this.#progress.last,
      lastKnown: this.#reader.lastPlace,
      inFlight: this.#outstanding.size,
      retries: this.#retries.length,
      waiting: this.#waiting.length,
    };
  }

  get isFull(): boolean {
    const { maxSubscriberCount } = this.options.settings;
    return maxSubscriberCount > 0 && this.consumers.size >= maxSubscriberCount;
  }

  join(consumer: Consumer): void {
    this.consumers.add(consumer);
    this.options.strategy.add(consumer);
    this.push();
  }

  /** The consumer is gone; what it had in hand goes to others and counts as a retry. */
  leave(consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return;
    this.options.strategy.remove(consumer);
    for (const message of consumer.inFlight.values()) this.#retry(message);
    this.push();
  }

  acknowledge(consumer: Consumer, ids: readonly string[]): void {
    for (const id of ids) {
      const sent = this.#outstanding.get(id);
      if (sent?.consumer !== consumer) continue;
      consumer.measured(this.options.clock.now() - sent.sentAt);
      this.#done(id);
    }
    this.#progress.check();
    this.push();
  }

  refuse(consumer: Consumer, ids: readonly string[], action: NackAction, reason: string): void {
    for (const id of ids) {
      const sent = this.#outstanding.get(id);
      if (sent?.consumer !== consumer) continue;
      if (action === "retry") this.#retry(sent.message);
      else if (action === "skip") this.#done(id);
      else if (action === "park") this.#park(sent.message, `Client explicitly NAK'ed message.\n${reason}`);
      // "stop" has no effect on the server either: the message stays in hand until it times out.
    }
    this.#progress.check();
    this.push();
  }

  /** Hands the parked messages out again, those below that revision of the parked stream. */
  replayParked(stopAt: number | undefined): void {
    const links = this.options.parked.linksBefore(stopAt);
    const last = links.at(-1);
    if (last === undefined) return;
    for (const record of links) {
      const { event, link } = this.options.resolveLink(record);
      const gone = { sequence: undefined, place: undefined, previousPlace: undefined, retryCount: 0 };
      if (event !== undefined) this.#retries.push({ id: record.id, event, link, ...gone });
    }
    this.options.parked.forgetUntil(last);
    this.push();
  }

  /** Hands out what there is to whom has room. Called when something was appended, too. */
  push(): void {
    if (this.#pushing || this.#closed || this.consumers.size === 0) return;
    this.#pushing = true;
    while (this.#pushRetries() !== "full" && this.#pushWaiting() === "sent");
    this.#pushing = false;
  }

  /** Ends the group for all its consumers. */
  close(reason: DropReason): void {
    this.#closed = true;
    this.#progress.close();
    for (const { cancelTimeout } of this.#outstanding.values()) cancelTimeout();
    const consumers = [...this.consumers];
    this.consumers.clear();
    for (const consumer of consumers) consumer.options.drop(reason);
  }

  #pushRetries(): PushedAll {
    const retries = this.#retries;
    this.#retries = [];
    return this.#pushAll(retries, this.#retries);
  }

  #pushWaiting(): PushedAll {
    while (this.#waiting.length < this.options.settings.historyBufferSize) {
      const message = this.#reader.next();
      if (message === undefined) break;
      this.#waiting.push(message);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    return this.#pushAll(waiting, this.#waiting);
  }

  #pushAll(messages: readonly Message[], kept: Message[]): PushedAll {
    for (const [index, message] of messages.entries()) {
      const result = this.#send(message);
      if (result === "skipped") kept.push(message);
      if (result === "full") {
        kept.push(...messages.slice(index));
        return "full";
      }
    }
    return kept.length < messages.length ? "sent" : "nothing";
  }

  #send(message: Message): PushResult {
    const result = this.options.strategy.push(message);
    if (result !== "sent") return result;
    const consumer = [...this.consumers].find(({ inFlight }) => inFlight.get(message.id) === message);
    if (consumer === undefined) throw new Error("a sent message is in the hands of a consumer");
    const { messageTimeout } = this.options.settings;
    const { clock } = this.options;
    this.totalItems++;
    this.#outstanding.set(message.id, {
      message,
      consumer,
      sentAt: clock.now(),
      cancelTimeout:
        messageTimeout === 0
          ? () => {}
          : clock.after(messageTimeout, () => {
              this.#retry(message);
              this.push();
            }),
    });
    return result;
  }

  /** Queues the message for another attempt, by its place in the source, or parks it after the last one. */
  #retry(message: Message): void {
    const { maxRetryCount } = this.options.settings;
    if (message.retryCount >= maxRetryCount) {
      this.#park(message, `Reached retry count of ${maxRetryCount}`);
      return;
    }
    this.#done(message.id);
    this.#retries.push({ ...message, retryCount: message.retryCount + 1 });
    this.#retries.sort((one, other) => placeInLog(one) - placeInLog(other));
  }

  #park(message: Message, reason: string): void {
    this.options.parked.park(message, reason);
    this.#done(message.id);
  }

  #done(id: string): void {
    const sent = this.#outstanding.get(id);
    sent?.cancelTimeout();
    sent?.consumer.inFlight.delete(id);
    this.#outstanding.delete(id);
  }

  /** Up to where everything is done: the message before the first that is not, else the last one read. */
  #lowest(): { sequence: number; place: string | undefined } {
    let first: Message | undefined;
    const unfinished = [...this.#outstanding.values()].map(({ message }) => message);
    for (const message of [...unfinished, ...this.#retries, ...this.#waiting]) {
      if (message.sequence === undefined) continue;
      if (first?.sequence === undefined || message.sequence < first.sequence) first = message;
    }
    return first?.sequence === undefined
      ? { sequence: this.#reader.nextSequence, place: this.#reader.lastPlace }
      : { sequence: first.sequence, place: first.previousPlace };
  }
}

function placeInLog(message: Message): number {
  return originalOf(message).position;
}

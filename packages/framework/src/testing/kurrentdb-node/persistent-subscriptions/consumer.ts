import type { Message } from "./message.ts";

export type DropReason = "dropped" | "deleted";

export interface ConsumerOptions {
  readonly from: string;
  readonly connectionName: string;
  /** Messages that may be unacknowledged at a time. */
  readonly bufferSize: number;
  readonly send: (message: Message) => void;
  /** The group ends the subscription. */
  readonly drop: (reason: DropReason) => void;
}

/** One connected subscriber of a group and what it has in hand. */
export class Consumer {
  readonly options: ConsumerOptions;
  readonly inFlight = new Map<string, Message>();
  /** How long acknowledged messages took, in milliseconds; the newest thousand. */
  readonly latencies: number[] = [];
  totalItems = 0;

  constructor(options: ConsumerOptions) {
    this.options = options;
  }

  get availableSlots(): number {
    return Math.max(this.options.bufferSize - this.inFlight.size, 0);
  }

  /** Hands the message out, unless the buffer is full. */
  push(message: Message): boolean {
    if (this.availableSlots === 0) return false;
    this.inFlight.set(message.id, message);
    this.totalItems++;
    this.options.send(message);
    return true;
  }

  measured(milliseconds: number): void {
    this.latencies.push(milliseconds);
    if (this.latencies.length > 1_000) this.latencies.shift();
  }
}

import { TidemarkError } from "../errors.ts";
import { onAbort } from "../on-abort.ts";
import type { PlacedRecord } from "./event-envelope.ts";
import type {
  KurrentDbClient,
  KurrentDbFilter,
  KurrentDbResolvedEvent,
  KurrentDbSubscription,
} from "./kurrentdb-client.ts";
import { placed } from "./record-reader.ts";

/** What a subscription gave since it was last asked. */
export interface LiveBatch {
  readonly records: readonly PlacedRecord[];
  /** With these records everything has been given that was in the log when the subscription began. */
  readonly caughtUp: boolean;
  /** Nothing came for as long as one was ready to wait. */
  readonly idle: boolean;
}

/** A batch ends with the record that brings it to so many, or to so many bytes of payload. */
export interface BatchSize {
  readonly records: number;
  readonly bytes: number;
}

/** One subscription of the client's to the whole log, until it breaks. */
export class LiveRecords {
  readonly #subscription: KurrentDbSubscription;
  #given = 0;
  /** How many records the subscription had made when it said that it has caught up. */
  #caughtUpAt = Infinity;
  #hasCaughtUp = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(
    client: KurrentDbClient,
    options: {
      readonly from: "start" | bigint;
      readonly filter: KurrentDbFilter;
      readonly highWaterMark: number;
    },
  ) {
    const { from, filter, highWaterMark } = options;
    const subscription = client.subscribeToAll(
      {
        fromPosition: from === "start" ? from : { commit: from, prepare: from },
        filter,
        requiresLeader: true,
      },
      { highWaterMark },
    );
    this.#subscription = subscription;
    const wake = (): void => this.#wake();
    const fail = (error: unknown): void => {
      this.#failure ??= { error };
      this.#wake();
    };
    subscription.on("readable", wake);
    // Said as soon as the client learns of it, while records before it still wait to be read; and said again after
    // the server has fallen behind.
    subscription.on("caughtUp", () => {
      this.#caughtUpAt = Math.min(this.#caughtUpAt, this.#given + subscription.readableLength);
      this.#wake();
    });
    subscription.on("error", fail);
    const ended = (): void =>
      fail(
        new TidemarkError("store-unavailable", "KurrentDB has ended the subscription: begin another one."),
      );
    subscription.on("end", ended);
    subscription.on("close", ended);
  }

  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  /** Waits for records, for `idleMs` at most, and gives what is there. Rejects once the subscription is broken. */
  async take(most: BatchSize, idleMs: number, signal: AbortSignal): Promise<LiveBatch> {
    const records: PlacedRecord[] = [];
    let isFull = this.#drain(records, most);
    // History comes in whole pages; what is live is passed on at once.
    while (
      !(isFull || (this.#hasCaughtUp && records.length > 0)) &&
      !this.#catchesUp() &&
      this.#failure === null &&
      !signal.aborted
    ) {
      const before = this.#given;
      await this.#change(idleMs, signal);
      isFull = this.#drain(records, most);
      if (this.#given === before) break;
    }
    if (records.length === 0 && this.#failure !== null) throw this.#failure.error;
    const caughtUp = this.#catchesUp();
    if (caughtUp) this.#hasCaughtUp = true;
    return { records, caughtUp, idle: records.length === 0 && !caughtUp };
  }

  async close(): Promise<void> {
    this.#wake = () => {};
    this.#failure ??= { error: new Error("closed") };
    await this.#subscription.unsubscribe().catch(() => undefined);
    this.#subscription.destroy();
  }

  #catchesUp(): boolean {
    return !this.#hasCaughtUp && this.#given >= this.#caughtUpAt;
  }

  /** Whether that is as much as one wanted. */
  #drain(records: PlacedRecord[], most: BatchSize): boolean {
    let bytes = 0;
    for (const record of records) bytes += bytesOf(record);
    while (records.length < most.records && bytes < most.bytes) {
      const read: unknown = this.#subscription.read();
      if (!isResolvedEvent(read)) return false;
      this.#given += 1;
      const record = placed(read);
      if (record === null) continue;
      records.push(record);
      bytes += bytesOf(record);
    }
    return true;
  }

  async #change(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let finish = (): void => {};
    const waited = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const timer = setTimeout(finish, milliseconds);
    const leave = onAbort(signal, finish);
    this.#wake = finish;
    await waited;
    this.#wake = () => {};
    leave();
    clearTimeout(timer);
  }
}

/** Of an event of this framework; what others store is not kept for long. */
function bytesOf({ data }: PlacedRecord): number {
  return data instanceof Uint8Array ? data.length : 0;
}

function isResolvedEvent(value: unknown): value is KurrentDbResolvedEvent {
  return typeof value === "object" && value !== null;
}

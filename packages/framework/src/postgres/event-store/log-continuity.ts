import { TidemarkError } from "../../errors.ts";
import type { EventPage } from "../../event-store/event-store.ts";
import { readEventId, type LogReader } from "./log-reader.ts";

/** A position and the event there; `null` before the first one. */
export interface LogPlace {
  readonly position: bigint;
  readonly eventId: string | null;
}

/**
 * Looks, after each new connection, whether the log still has the event that a subscription stood at. Behind the same
 * address there may be a restored backup by now, or a replica that lost its last transactions: other events at
 * positions that were passed would be skipped without a word.
 */
export class LogContinuity {
  readonly #reader: LogReader;
  #place: LogPlace = { position: 0n, eventId: null };
  #generation: number;

  constructor(reader: LogReader) {
    this.#reader = reader;
    this.#generation = reader.catalogue.generation;
  }

  standAt(place: LogPlace): void {
    this.#place = place;
  }

  /** A page has been handed out; `head` is where the read ends that it belongs to. */
  async passed({ events, scannedTo }: EventPage, head: LogPlace, signal?: AbortSignal): Promise<void> {
    const last = events.at(-1);
    if (scannedTo === head.position) this.#place = head;
    else if (last?.position === scannedTo) this.#place = last;
    else this.#place = { position: scannedTo, eventId: await readEventId(this.#reader, scannedTo, signal) };
  }

  /** @throws TidemarkError `log-diverged` */
  async check(signal?: AbortSignal): Promise<void> {
    const { generation } = this.#reader.catalogue;
    if (generation === this.#generation) return;
    const { position, eventId } = this.#place;
    const found = position === 0n ? null : await readEventId(this.#reader, position, signal);
    if (found === eventId) {
      this.#generation = generation;
      return;
    }
    throw new TidemarkError(
      "log-diverged",
      `The log had event ${eventId} at position ${position} and has ${found === null ? "none" : `event ${found}`} there ` +
        "after an interruption: the event store was restored or replaced. Connect the right store, or rebuild what was " +
        "made of its events.",
      { details: { position: String(position) } },
    );
  }
}

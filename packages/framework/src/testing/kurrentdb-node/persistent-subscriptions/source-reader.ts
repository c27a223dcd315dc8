import type { LogRecord } from "../log-record.ts";
import type { ResolvedRecord } from "../resolve-link.ts";
import type { EventSource } from "./event-source.ts";
import type { Message } from "./message.ts";

export interface SourceReaderOptions {
  readonly source: EventSource;
  readonly cursor: number;
  /** Place of the checkpoint that the reader begins behind. */
  readonly lastPlace: string | undefined;
  readonly resolve: (record: LogRecord) => ResolvedRecord;
}

/** Turns the source's records into messages, in order, as far as they are asked for. */
export class SourceReader {
  readonly #options: SourceReaderOptions;
  #cursor: number;
  #sequence = 0;
  #lastPlace: string | undefined;

  constructor(options: SourceReaderOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#lastPlace = options.lastPlace;
  }

  /** Place of the last message read. */
  get lastPlace(): string | undefined {
    return this.#lastPlace;
  }

  /** The sequence that the next message gets. */
  get nextSequence(): number {
    return this.#sequence;
  }

  get isAtEnd(): boolean {
    return this.#options.source.next(this.#cursor) === undefined;
  }

  next(): Message | undefined {
    const { source, resolve } = this.#options;
    const found = source.next(this.#cursor);
    if (found === undefined) return undefined;
    this.#cursor = found.cursor;
    const previousPlace = this.#lastPlace;
    const place = source.placeOf(found.record);
    this.#lastPlace = place;
    const { event, link } = resolve(found.record);
    return {
      id: found.record.id,
      event,
      link,
      sequence: this.#sequence++,
      place,
      previousPlace,
      retryCount: 0,
    };
  }
}

import type { LogRecord } from "./log-record.ts";

/**
 * The ids that `any` and `stream_exists` appends are compared with: a bounded cache on the server as well, so an id
 * that is old enough is forgotten and appended again.
 */
export class RecentEventIds {
  readonly #limit: number;
  readonly #records = new Map<string, LogRecord>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  find(id: string, stream: string): LogRecord | undefined {
    const record = this.#records.get(id);
    return record?.stream === stream ? record : undefined;
  }

  remember(record: LogRecord): void {
    const replaced = this.#records.get(record.id);
    if (replaced !== undefined) this.#forget(replaced);
    this.#records.set(record.id, record);
    this.#bytes += sizeOf(record);
    for (const oldest of this.#records.values()) {
      if (this.#bytes <= this.#limit) return;
      this.#forget(oldest);
    }
  }

  clear(): void {
    this.#records.clear();
    this.#bytes = 0;
  }

  #forget(record: LogRecord): void {
    this.#records.delete(record.id);
    this.#bytes -= sizeOf(record);
  }
}

/** The server's own estimate of an entry: id, number, reference, and two bytes a character of the name. */
function sizeOf(record: LogRecord): number {
  return 28 + 2 * record.stream.length;
}

import type { Logger } from "../../telemetry/logger.ts";
import type { LogReader } from "./log-reader.ts";

/** Another process may have scheduled something that is due before all that this one knows of. */
const longestWaitMs = 60_000;

/**
 * Carries out scheduled erasures once they are due, in every open store: who comes first does it, the others pass by.
 * Between them it sleeps until the next one is due, a minute at most.
 */
export class ErasureSchedule {
  readonly #reader: LogReader;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(reader: LogReader, logger: Logger) {
    this.#reader = reader;
    this.#logger = logger;
  }

  /** Looks now: at the start, and when something has been scheduled. */
  look(): void {
    if (this.#closed) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#again = false;
    this.#running = this.#run().then((waitMs) => {
      this.#running = null;
      if (this.#again) this.look();
      else this.#sleep(waitMs);
    });
  }

  /** Lets an erasure that has begun finish. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  #sleep(waitMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.look(), waitMs);
    this.#timer.unref();
  }

  /** @returns how long to wait for the next one, in milliseconds. */
  async #run(): Promise<number> {
    try {
      while (!this.#closed && (await this.#runOne())) continue;
      return await this.#nextDueMs();
    } catch (error) {
      this.#logger.warn({ err: error }, "Scheduled erasures cannot be carried out now; trying again");
      return longestWaitMs / 6;
    }
  }

  async #runOne(): Promise<boolean> {
    const [row] = await this.#reader.connections.query<(string | null)[]>({
      text: `select request_no, stream_id, erased, array_to_string(types, ', '), failure
             from ${this.#reader.schema}.run_scheduled_erasure()`,
      values: [],
    });
    const [requestNo = null, streamId, events, types, failure = null] = row ?? [];
    if (requestNo === null) return false;
    if (failure === null)
      this.#logger.info({ requestNo, streamId, events, types }, "A scheduled erasure was carried out");
    else
      this.#logger.error(
        { requestNo, streamId, reason: failure },
        "A scheduled erasure failed; it is tried again",
      );
    return true;
  }

  async #nextDueMs(): Promise<number> {
    const { connections, schema } = this.#reader;
    const [row] = await connections.query<[waitMs: string | null]>({
      text: `select ceil(extract(epoch from min(retry_at) - clock_timestamp()) * 1000)
             from ${schema}.scheduled_erasures where erasure_no is null`,
      values: [],
    });
    const waitMs = row?.[0] ?? null;
    return waitMs === null ? longestWaitMs : Math.min(Math.max(Number(waitMs), 0), longestWaitMs);
  }
}

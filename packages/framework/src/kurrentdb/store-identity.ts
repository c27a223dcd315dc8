import { randomUUID } from "node:crypto";
import { z } from "zod";
import { TidemarkError } from "../errors.ts";
import type { RecordReader } from "./record-reader.ts";
import type { StreamAppender } from "./stream-appender.ts";

const identity = z.object({ storeId: z.string(), format: z.number() });

/** What this code writes and reads. */
const format = 1;

interface Origin {
  readonly storeId: string;
  /** Where the store was made; everything else of it comes behind in the log. */
  readonly origin: bigint;
}

/**
 * The id of the store: the first event of its own stream, written by whoever opens it first. After an interruption the
 * same address may lead to another log, so it is compared before anything goes on.
 */
export class StoreIdentity {
  readonly #reader: RecordReader;
  readonly #appender: StreamAppender;
  readonly #stream: string;
  #opened: Origin | null = null;
  #suspect = false;
  #comparing: Promise<void> | null = null;

  constructor(reader: RecordReader, appender: StreamAppender, stream: string) {
    this.#reader = reader;
    this.#appender = appender;
    this.#stream = stream;
  }

  get storeId(): string {
    if (this.#opened !== null) return this.#opened.storeId;
    throw new TidemarkError("store-unavailable", "The event store is not open yet: await open() first.");
  }

  /** @throws TidemarkError `store-newer` */
  async open(): Promise<Origin> {
    for (;;) {
      this.#opened = await this.#read();
      if (this.#opened !== null) return this.#opened;
      const data = { storeId: randomUUID(), format };
      const type = "tidemark.Store";
      const event = {
        id: randomUUID(),
        contentType: "application/json",
        type,
        data,
        metadata: undefined,
      } as const;
      await this.#appender.append(this.#stream, [event], "no-stream");
    }
  }

  /** Something happened after which this may be another log. */
  suspect(): void {
    this.#suspect = true;
  }

  /** @throws TidemarkError `log-diverged` */
  async check(): Promise<void> {
    if (!this.#suspect || this.#opened === null) return;
    this.#comparing ??= this.#compare(this.#opened).finally(() => {
      this.#comparing = null;
    });
    await this.#comparing;
  }

  async #compare({ storeId }: Origin): Promise<void> {
    const found = await this.#read();
    if (found?.storeId === storeId) {
      this.#suspect = false;
      return;
    }
    throw new TidemarkError(
      "log-diverged",
      `The server has ${found === null ? "no event store" : `the event store ${found.storeId}`} where ${storeId} was: ` +
        "it was replaced or emptied. Connect the right server, or start the application anew on this one.",
      { details: { retryAfterSeconds: 30 } },
    );
  }

  async #read(): Promise<Origin | null> {
    const chunk = await this.#reader.stream(this.#stream, "start", { direction: "forwards", maxCount: 1 });
    const [first] = chunk?.records ?? [];
    if (first === undefined) return null;
    const found = identity.parse(first.data);
    if (found.format <= format) return { storeId: found.storeId, origin: first.commit };
    throw new TidemarkError(
      "store-newer",
      `The event store has format ${found.format}, this framework knows ${format}: update the framework.`,
    );
  }
}

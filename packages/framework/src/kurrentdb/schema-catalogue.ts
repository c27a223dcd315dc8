import { v5 as uuidV5 } from "uuid";
import { z } from "zod";
import { checkEventSchema } from "../event-store/check-event-schema.ts";
import type { EventSchema } from "../event/event-schema.ts";
import type { EventToAppend } from "../event/stored-event.ts";
import type { KurrentDbEventData } from "./kurrentdb-client.ts";
import type { RecordReader } from "./record-reader.ts";
import type { StreamAppender } from "./stream-appender.ts";

const entry = z.object({
  sha256: z.string(),
  text: z.string(),
  subject: z.string(),
  version: z.number(),
});

/** Event ids in the catalogue are uuids v5 of this and the schema's sha256. */
const idSpace = "d5c4d8d2-6f0b-5b0a-9f0e-1d1a5f3c7b21";

/** The store's own schemas, as a stream of which every process keeps a copy. */
export class SchemaCatalogue {
  readonly #reader: RecordReader;
  readonly #appender: StreamAppender;
  readonly #stream: string;
  readonly #known = new Map<string, EventSchema>();
  #last: bigint | null = null;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(reader: RecordReader, appender: StreamAppender, stream: string) {
    this.#reader = reader;
    this.#appender = appender;
    this.#stream = stream;
  }

  /**
   * Makes sure that the schemas of these events are in the catalogue, before the first event that needs one.
   *
   * @throws TidemarkError `event-invalid` for a schema whose sha256 is not that of its text.
   */
  async ensure(events: readonly EventToAppend[]): Promise<void> {
    const unknown = new Map<string, EventSchema>();
    for (const { schema } of events) if (!this.#known.has(schema.sha256)) unknown.set(schema.sha256, schema);
    if (unknown.size === 0) return;
    for (const schema of unknown.values()) checkEventSchema(schema);
    const write = this.#writing.then(() => this.#write([...unknown.values()]));
    this.#writing = write.catch(() => undefined);
    await write;
  }

  async schema(sha256: string): Promise<EventSchema | null> {
    if (!this.#known.has(sha256)) await this.#refresh();
    return this.#known.get(sha256) ?? null;
  }

  async schemas(): Promise<readonly EventSchema[]> {
    await this.#refresh();
    return [...this.#known.values()];
  }

  /** At an exact revision each, so that two processes do not enter the same schema twice. */
  async #write(schemas: readonly EventSchema[]): Promise<void> {
    await this.#refresh();
    for (const schema of schemas) {
      while (!this.#known.has(schema.sha256)) {
        const outcome = await this.#appender.append(
          this.#stream,
          [toEntry(schema)],
          this.#last ?? "no-stream",
        );
        if (outcome.status === "conflict") await this.#refresh();
        else this.#enter(schema, outcome.revision);
      }
    }
  }

  async #refresh(): Promise<void> {
    for (let more = true; more;) {
      const chunk = await this.#reader.stream(this.#stream, this.#last === null ? "start" : this.#last + 1n, {
        direction: "forwards",
        maxCount: 1_000,
      });
      for (const { data, revision } of chunk?.records ?? []) this.#enter(entry.parse(data), revision);
      more = chunk?.more ?? false;
    }
  }

  #enter(schema: EventSchema, revision: bigint): void {
    if (this.#last !== null && revision <= this.#last) return;
    this.#last = revision;
    if (!this.#known.has(schema.sha256)) this.#known.set(schema.sha256, schema);
  }
}

function toEntry({ sha256, text, subject, version }: EventSchema): KurrentDbEventData {
  return {
    id: uuidV5(sha256, idSpace),
    contentType: "application/json",
    type: "tidemark.EventSchema",
    data: { sha256, text, subject, version },
    metadata: undefined,
  };
}

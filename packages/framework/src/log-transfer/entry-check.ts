import { decodeMetadata } from "../event/event-metadata.ts";
import type { EventSchema } from "../event/event-schema.ts";
import { failureReason } from "../failure-reason.ts";
import { checkEventSchema } from "../event-store/check-event-schema.ts";
import { importInvalid } from "./import-invalid.ts";
import type { LogEntry, LogEvent, LogSchema } from "./log-entry.ts";
import { PayloadCodecs } from "./payload-codecs.ts";

/**
 * Sees that the entries of an export are whole: its header first, each schema before its events and true to its
 * digest, each event decodable, as many as its end says.
 */
export class EntryCheck {
  readonly #schemas = new Map<string, EventSchema>();
  readonly #codecs = new PayloadCodecs();
  #begun = false;
  #complete = false;
  #events = 0n;

  /**
   * The next entry; `null` when it is no event.
   *
   * @throws TidemarkError `import-invalid`.
   */
  entry(entry: LogEntry): { readonly event: LogEvent; readonly schema: EventSchema } | null {
    if (this.#complete) throw importInvalid("it goes on after its end");
    if (!this.#begun && entry.kind !== "log") throw importInvalid("its header is missing");
    this.#begun = true;
    if (entry.kind === "event") {
      this.#events += 1n;
      return { event: entry, schema: this.#schemaOf(entry) };
    }
    if (entry.kind === "schema") this.#addSchema(entry);
    if (entry.kind === "end") {
      this.#complete = true;
      if (entry.events !== this.#events)
        throw importInvalid(`it should hold ${entry.events} events, and holds ${this.#events}`);
    }
    return null;
  }

  /** @throws TidemarkError `import-invalid` when the end has not come. */
  end(): void {
    if (!this.#begun) throw importInvalid("it is empty");
    if (!this.#complete) throw importInvalid("its end is missing");
  }

  #addSchema({ sha256, subject, version, text }: LogSchema): void {
    const schema = { sha256, subject, version, text };
    try {
      checkEventSchema(schema);
      this.#codecs.of(schema);
    } catch (error) {
      throw importInvalid(`the schema of ${subject} is damaged: ${failureReason(error)}`, error);
    }
    this.#schemas.set(sha256, schema);
  }

  #schemaOf({ eventId, type, position, sha256, data, meta }: LogEvent): EventSchema {
    const schema = this.#schemas.get(sha256);
    if (schema === undefined) throw importInvalid(`the event ${eventId} comes before its schema`);
    const name = `${type} ${eventId} of position ${position}`;
    try {
      this.#codecs.of(schema).decode(data);
    } catch (error) {
      throw importInvalid(`the payload of ${name} does not match its schema: ${failureReason(error)}`, error);
    }
    try {
      decodeMetadata(meta);
    } catch (error) {
      throw importInvalid(`the metadata of ${name} is damaged: ${failureReason(error)}`, error);
    }
    return schema;
  }
}

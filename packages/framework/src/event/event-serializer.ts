import { createResolver, parseSchema } from "@tidemark/schema-registry/avro";
import { v5 as uuidV5 } from "uuid";
import { TidemarkError } from "../errors.ts";
import { checkRules } from "./check-rules.ts";
import type { AnyEventDefinition, EventVersion, NewEvent } from "./define-event.ts";
import { decodeMetadata, encodeMetadata, type EventMetadata } from "./event-metadata.ts";
import type { EventSchema } from "./event-schema.ts";
import type { RecordedEvent } from "./recorded-event.ts";
import type { EventToAppend, StoredEvent } from "./stored-event.ts";

/** What goes beside the payload into every event of one append. */
export interface EventContext {
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly metadata: EventMetadata;
}

/** Finds a writer's schema by its sha256: the store's own catalogue, never the registry. */
export type SchemaLookup = (sha256: string) => Promise<EventSchema | null>;

type Decode = (bytes: Uint8Array) => unknown;

/**
 * Turns events into stored bytes and back: Avro, rules, and upcasts to the newest version.
 *
 * Reading never asks the registry: bytes are resolved from the writer's schema in the store's catalogue to the
 * schema compiled into this process.
 */
export class EventSerializer {
  readonly definitions: readonly AnyEventDefinition[];
  readonly #byRecordName = new Map<string, AnyEventDefinition>();
  readonly #registered = new Map<string, EventSchema>();
  readonly #decoders = new Map<string, Decode>();

  constructor(definitions: Iterable<AnyEventDefinition>) {
    for (const definition of definitions) {
      const known = this.#byRecordName.get(definition.recordName);
      if (known !== undefined && known !== definition) {
        throw new TidemarkError(
          "definition-invalid",
          `The event ${definition.recordName} is defined twice: define it once and import that definition.`,
        );
      }
      this.#byRecordName.set(definition.recordName, definition);
    }
    this.definitions = [...this.#byRecordName.values()];
  }

  /** Tells which registry version a schema has; before that, events carry version 0 of their subject. */
  registered(schema: EventSchema): void {
    this.#registered.set(schema.sha256, schema);
  }

  /**
   * @throws TidemarkError `event-invalid` naming field and rule; `event-unknown` for an event of another application.
   */
  encode(event: NewEvent, eventId: string, context: EventContext): EventToAppend {
    const definition = this.#byRecordName.get(event.definition.recordName);
    const version = definition?.versions.find((candidate) => candidate.version === definition.writeVersion);
    if (definition === undefined || version === undefined) {
      throw new TidemarkError(
        "event-unknown",
        `The event ${event.definition.recordName} belongs to no aggregate or projection of this application: add it.`,
      );
    }
    checkRules(definition, event.data);
    return {
      eventId,
      type: definition.recordName,
      eventVersion: version.version,
      schema: this.#registered.get(version.sha256) ?? {
        sha256: version.sha256,
        text: version.schemaText,
        subject: version.subject,
        version: 0,
      },
      data: encodePayload(definition, version, event.data),
      correlationId: context.correlationId,
      causationId: context.causationId,
      meta: encodeMetadata(context.metadata),
    };
  }

  /** Makes sure that `decode` can run without waiting for these events' schemas. */
  async prepare(events: readonly StoredEvent[], lookup: SchemaLookup): Promise<void> {
    for (const event of events) {
      const key = decoderKey(event);
      if (!this.#decoders.has(key)) await this.#addDecoder(key, event, lookup);
    }
  }

  /**
   * The event in its newest shape; none or several when an upcaster says so, none when its payload is erased.
   *
   * @throws TidemarkError `event-newer-than-this-node` when this code does not know the event or its version,
   * or when `prepare` has not seen it; AvroValueError when the bytes do not decode.
   */
  decode(event: StoredEvent): readonly RecordedEvent[] {
    const definition = this.#byRecordName.get(event.type);
    const decode = this.#decoders.get(decoderKey(event));
    if (definition === undefined || decode === undefined) throw newerThanThisNode(event);
    if (event.encoding === "erased") return [];
    const payloads = this.#upcast(definition, event.eventVersion, decode(event.data));
    return payloads.map((data, index) => toRecordedEvent(definition, event, data, index));
  }

  /** Prepares and decodes, in order. */
  async decodeAll(events: readonly StoredEvent[], lookup: SchemaLookup): Promise<readonly RecordedEvent[]> {
    await this.prepare(events, lookup);
    return events.flatMap((event) => this.decode(event));
  }

  async #addDecoder(key: string, event: StoredEvent, lookup: SchemaLookup): Promise<void> {
    const version = this.#byRecordName
      .get(event.type)
      ?.versions.find((candidate) => candidate.version === event.eventVersion);
    if (version === undefined) return;
    if (version.sha256 === event.schemaSha256) {
      this.#decoders.set(key, version.decode);
      return;
    }
    const writer = await lookup(event.schemaSha256);
    if (writer === null) return;
    const resolver = createResolver(parseSchema(writer.text), parseSchema(version.schemaText));
    this.#decoders.set(key, (bytes) => resolver.decode(bytes));
  }

  #upcast(definition: AnyEventDefinition, from: number, data: unknown): readonly unknown[] {
    let payloads: readonly unknown[] = [data];
    for (const version of definition.versions) {
      const { upcast } = version;
      if (version.version >= from && upcast !== undefined) payloads = payloads.flatMap(upcast);
    }
    return payloads;
  }
}

function decoderKey(event: StoredEvent): string {
  return `${event.type} ${event.eventVersion} ${event.schemaSha256}`;
}

function encodePayload(definition: AnyEventDefinition, version: EventVersion, data: unknown): Uint8Array {
  try {
    return version.encode(data);
  } catch (error) {
    throw new TidemarkError(
      "event-invalid",
      `The event ${definition.recordName} does not match its schema: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function toRecordedEvent(
  definition: AnyEventDefinition,
  event: StoredEvent,
  data: unknown,
  index: number,
): RecordedEvent {
  return {
    type: definition.type,
    data,
    // The first keeps the stored id, so that an upcaster that splits later does not rename what was seen before.
    eventId: index === 0 ? event.eventId : uuidV5(String(index), event.eventId),
    streamId: event.streamId,
    aggregateId: event.streamId.slice(event.streamId.indexOf("-") + 1),
    revision: event.revision,
    position: event.position,
    recordedAt: event.recordedAt,
    correlationId: event.correlationId,
    causationId: event.causationId,
    metadata: decodeMetadata(event.meta),
  };
}

function newerThanThisNode(event: StoredEvent): TidemarkError {
  return new TidemarkError(
    "event-newer-than-this-node",
    `The event ${event.type} version ${event.eventVersion} at position ${event.position} is not known to this code: ` +
      "deploy the version that defines it.",
    { details: { type: event.type, eventVersion: event.eventVersion, position: String(event.position) } },
  );
}

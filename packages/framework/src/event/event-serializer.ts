import { createResolver, parseSchema } from "@tidemark/schema-registry/avro";
import { v5 as uuidV5 } from "uuid";
import { TidemarkError } from "../errors.ts";
import { failureReason } from "../failure-reason.ts";
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

/** How events of one type and version are read that were written with one schema. */
interface Decoder {
  readonly type: string;
  readonly eventVersion: number;
  readonly definition: AnyEventDefinition;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** From this version to the newest one, in order. */
  readonly upcasts: readonly NonNullable<EventVersion["upcast"]>[];
}

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
  /** By the writer's schema: there is one, seldom two for each. */
  readonly #decoders = new Map<string, Decoder[]>();
  #lastMetadata: { readonly bytes: Uint8Array; readonly metadata: EventMetadata } | null = null;

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
      if (this.#decoderOf(event) === undefined) await this.#addDecoder(event, lookup);
    }
  }

  /**
   * The event in its newest shape; none or several when an upcaster says so, none when its payload is erased.
   *
   * @throws TidemarkError `event-newer-than-this-node` when this code does not know the event or its version,
   * or when `prepare` has not seen it; `event-unreadable` when the bytes do not decode.
   */
  decode(event: StoredEvent): readonly RecordedEvent[] {
    const recorded: RecordedEvent[] = [];
    this.#decodeInto(recorded, event);
    return recorded;
  }

  /** Prepares and decodes, in order. */
  async decodeAll(events: readonly StoredEvent[], lookup: SchemaLookup): Promise<readonly RecordedEvent[]> {
    await this.prepare(events, lookup);
    const recorded: RecordedEvent[] = [];
    for (const event of events) this.#decodeInto(recorded, event);
    return recorded;
  }

  #decodeInto(recorded: RecordedEvent[], event: StoredEvent): void {
    const decoder = this.#decoderOf(event);
    if (decoder === undefined) throw newerThanThisNode(event);
    if (event.encoding === "erased") return;
    const { definition, upcasts } = decoder;
    let data: unknown;
    let metadata: EventMetadata;
    try {
      data = decoder.decode(event.data);
      metadata = this.#metadataOf(event);
    } catch (error) {
      throw unreadableEvent(event, error);
    }
    if (upcasts.length === 0) {
      recorded.push(toRecordedEvent(definition, event, metadata, data, 0));
      return;
    }
    let payloads: readonly unknown[] = [data];
    for (const upcast of upcasts) payloads = payloads.flatMap(upcast);
    for (const [index, payload] of payloads.entries())
      recorded.push(toRecordedEvent(definition, event, metadata, payload, index));
  }

  /** The events of one append, and many of one writer, carry the same bytes. */
  #metadataOf({ meta }: StoredEvent): EventMetadata {
    const last = this.#lastMetadata;
    if (last !== null && (last.bytes === meta || Buffer.compare(last.bytes, meta) === 0))
      return last.metadata;
    const metadata = decodeMetadata(meta);
    this.#lastMetadata = { bytes: meta, metadata };
    return metadata;
  }

  #decoderOf({ schemaSha256, type, eventVersion }: StoredEvent): Decoder | undefined {
    const decoders = this.#decoders.get(schemaSha256);
    if (decoders === undefined) return undefined;
    for (const decoder of decoders)
      if (decoder.eventVersion === eventVersion && decoder.type === type) return decoder;
    return undefined;
  }

  async #addDecoder(event: StoredEvent, lookup: SchemaLookup): Promise<void> {
    const { type, eventVersion, schemaSha256 } = event;
    const definition = this.#byRecordName.get(type);
    const version = definition?.versions.find((candidate) => candidate.version === eventVersion);
    if (definition === undefined || version === undefined) return;
    const decode = await this.#decodeFunction(version, schemaSha256, lookup);
    if (decode === null) return;
    const upcasts = definition.versions
      .filter((candidate) => candidate.version >= eventVersion)
      .map(({ upcast }) => upcast)
      .filter((upcast) => upcast !== undefined);
    const known = this.#decoders.get(schemaSha256) ?? [];
    this.#decoders.set(schemaSha256, [...known, { type, eventVersion, definition, decode, upcasts }]);
  }

  async #decodeFunction(
    version: EventVersion,
    writerSha256: string,
    lookup: SchemaLookup,
  ): Promise<Decoder["decode"] | null> {
    if (version.sha256 === writerSha256) return version.decode;
    const writer = await lookup(writerSha256);
    if (writer === null) return null;
    const resolver = createResolver(parseSchema(writer.text), parseSchema(version.schemaText));
    return (bytes) => resolver.decode(bytes);
  }
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
  metadata: EventMetadata,
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
    metadata,
  };
}

function unreadableEvent({ type, position, streamId, revision }: StoredEvent, cause: unknown): TidemarkError {
  return new TidemarkError(
    "event-unreadable",
    `The stored event ${type} at position ${position}, ${streamId} revision ${revision}, does not decode: ${failureReason(cause)}.`,
    { cause, details: { type, streamId, revision: String(revision), position: String(position) } },
  );
}

function newerThanThisNode(event: StoredEvent): TidemarkError {
  return new TidemarkError(
    "event-newer-than-this-node",
    `The event ${event.type} version ${event.eventVersion} at position ${event.position} is not known to this code: ` +
      "deploy the version that defines it.",
    { details: { type: event.type, eventVersion: event.eventVersion, position: String(event.position) } },
  );
}

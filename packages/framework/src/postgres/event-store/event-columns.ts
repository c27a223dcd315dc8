import type { EventToAppend } from "../../event/stored-event.ts";
import { uuidArray } from "./binary-array.ts";
import { int2Column, int4Column, putInt2, putInt4, putUuid, uuidColumn } from "./binary-column.ts";
import type { AppendCall } from "./append-statement.ts";

/** The events of a set as the arrays of `append_events`, filled one event after the other. */
export class EventColumns {
  readonly #streams: Buffer;
  readonly #ids: Buffer;
  readonly #types: Buffer;
  readonly #versions: Buffer;
  readonly #schemas: Buffer;
  readonly #starts: Buffer;
  readonly #dataLengths: Buffer;
  readonly #metaLengths: Buffer;
  readonly #payload: Buffer;
  /** Null as long as no event has one: a subscript of no array is null, too. */
  #correlations: (string | null)[] | null = null;
  #causations: (string | null)[] | null = null;
  readonly #most: number;
  #count = 0;
  #bytes = 0;

  constructor(calls: readonly AppendCall[]) {
    let count = 0;
    let bytes = 0;
    for (const { streams } of calls) {
      for (const { events } of streams) {
        count += events.length;
        for (const { data, meta } of events) bytes += data.length + meta.length;
      }
    }
    this.#most = count;
    this.#streams = int4Column(count);
    this.#ids = uuidColumn(count);
    this.#types = int4Column(count);
    this.#versions = int2Column(count);
    this.#schemas = int4Column(count);
    this.#starts = int4Column(count);
    this.#dataLengths = int4Column(count);
    this.#metaLengths = int4Column(count);
    this.#payload = Buffer.allocUnsafe(bytes);
  }

  get count(): number {
    return this.#count;
  }

  add(event: EventToAppend, stream: number, typeNo: number, schemaNo: number): void {
    const index = this.#count;
    const { data, meta, correlationId, causationId } = event;
    this.#count += 1;
    putInt4(this.#streams, index, stream);
    putUuid(this.#ids, index, event.eventId);
    putInt4(this.#types, index, typeNo);
    putInt2(this.#versions, index, event.eventVersion);
    putInt4(this.#schemas, index, schemaNo);
    putInt4(this.#starts, index, this.#bytes + 1);
    putInt4(this.#dataLengths, index, data.length);
    putInt4(this.#metaLengths, index, meta.length);
    this.#payload.set(data, this.#bytes);
    this.#payload.set(meta, this.#bytes + data.length);
    this.#bytes += data.length + meta.length;
    if (correlationId !== null) {
      this.#correlations ??= this.#nulls();
      this.#correlations[index] = correlationId;
    }
    if (causationId !== null) {
      this.#causations ??= this.#nulls();
      this.#causations[index] = causationId;
    }
  }

  /** In the order of the procedure's parameters. */
  values(): (Buffer | null)[] {
    return [
      this.#streams,
      this.#ids,
      this.#types,
      this.#versions,
      this.#schemas,
      this.#correlations === null ? null : uuidArray(this.#correlations),
      this.#causations === null ? null : uuidArray(this.#causations),
      this.#starts,
      this.#dataLengths,
      this.#metaLengths,
      this.#payload,
    ];
  }

  #nulls(): null[] {
    return Array<null>(this.#most).fill(null);
  }
}

import type { AppendCondition } from "../../event-store/append-condition.ts";
import type { EventSchema } from "../../event/event-schema.ts";
import type { EventToAppend } from "../../event/stored-event.ts";
import { checkEventSchema } from "../../event-store/check-event-schema.ts";
import type { StreamAppend } from "../../event-store/event-store.ts";
import type { ExpectedRevision } from "../../event-store/expected-revision.ts";
import type { IdempotencyEntry } from "../../event-store/idempotency-record.ts";
import { partitionHash } from "../../subscription/partition-hash.ts";
import { byteaArray, int2Array, int4Array, int8Array, textArray, uuidArray } from "./binary-array.ts";
import type { Catalogue } from "./catalogue.ts";

/** One caller's append: all of its streams or none. */
export interface AppendCall {
  readonly tenant: string;
  readonly streams: readonly StreamAppend[];
  readonly idempotency: IdempotencyEntry | null;
  readonly conditions: readonly AppendCondition[];
}

// In the order of the procedure's parameters.
const inputs =
  "text[] text[] text[] bytea[] bytea[] int8[] int4[] text[] int4[] int8[] int4[] int4[] uuid[] int4[] int2[] int4[] uuid[] uuid[] int4[] int4[] int4[] bytea text[] bytea[] text[] text[] int4[] jsonb".split(
    " ",
  );
const outputCount = 10;

/** The call of `append_events` in this (quoted) database schema. */
export function appendStatementText(schema: string): string {
  const values = inputs.map((type, index) => `$${index + 1}::${type}`);
  return `call ${schema}.append_events(${[...values, ...Array<string>(outputCount).fill("null")].join(", ")})`;
}

interface AppendStatementArguments {
  readonly values: (Buffer | string | null)[];
  /** Whether the catalogue grows with this set. */
  readonly addsToCatalogue: boolean;
}

/** The procedure's arguments for a set of calls; the numbers of what the catalogue does not know are left to it. */
export function appendStatementArguments(
  calls: readonly AppendCall[],
  catalogue: Catalogue,
): AppendStatementArguments {
  const added = new CatalogueAdditions(catalogue);
  const streams = calls.flatMap((call, index) =>
    call.streams.map((stream) => ({ ...stream, call: index + 1, tenant: call.tenant })),
  );
  const events = streams.flatMap((stream, index) =>
    stream.events.map((event) => ({ event, stream: index + 1 })),
  );
  const typeNos = events.map(({ event }) => added.typeNo(event.type));
  const schemaNos = events.map(({ event }) => added.schemaNo(event.schema));
  const values = [
    textArray(calls.map(({ tenant }) => tenant)),
    ...idempotencyValues(calls),
    int4Array(streams.map(({ call }) => call)),
    textArray(streams.map(({ streamId }) => streamId)),
    int4Array(streams.map(({ tenant, streamId }) => partitionHash(`${tenant}\0${streamId}`))),
    int8Array(streams.map(({ expectedRevision }) => expectation(expectedRevision ?? "any"))),
    int4Array(streams.map((stream) => stream.events.length)),
    int4Array(events.map(({ stream }) => stream)),
    uuidArray(events.map(({ event }) => event.eventId)),
    int4Array(typeNos),
    int2Array(events.map(({ event }) => event.eventVersion)),
    int4Array(schemaNos),
    nullableUuids(events.map(({ event }) => event.correlationId)),
    nullableUuids(events.map(({ event }) => event.causationId)),
    ...payloadValues(events.map(({ event }) => event)),
    ...added.values(),
    conditionsText(calls),
  ];
  return { values, addsToCatalogue: !added.isEmpty };
}

function idempotencyValues(calls: readonly AppendCall[]): (Buffer | null)[] {
  const entries = calls.map(({ idempotency }) => idempotency);
  if (entries.every((entry) => entry === null)) return [null, null, null, null, null];
  return [
    textArray(entries.map((entry) => entry?.identity.principal ?? null)),
    textArray(entries.map((entry) => entry?.identity.key ?? null)),
    byteaArray(entries.map((entry) => entry?.requestHash ?? null)),
    byteaArray(entries.map((entry) => entry?.body ?? null)),
    int8Array(entries.map((entry) => BigInt(Math.ceil(entry?.timeToLiveMs ?? 0)))),
  ];
}

/** A subscript of no array is null, too: both sides are spared an array of nothing. */
function nullableUuids(values: readonly (string | null)[]): Buffer | null {
  return values.every((value) => value === null) ? null : uuidArray(values);
}

function payloadValues(events: readonly EventToAppend[]): Buffer[] {
  const starts: number[] = [];
  let start = 1;
  for (const { data, meta } of events) {
    starts.push(start);
    start += data.length + meta.length;
  }
  return [
    int4Array(starts),
    int4Array(events.map(({ data }) => data.length)),
    int4Array(events.map(({ meta }) => meta.length)),
    Buffer.concat(events.flatMap(({ data, meta }) => [data, meta])),
  ];
}

/** Those of the first call; no other call of a set has any. */
function conditionsText([first]: readonly AppendCall[]): string | null {
  if (first === undefined || first.conditions.length === 0) return null;
  const conditions = first.conditions.map((condition) => {
    if ("streamId" in condition)
      return { streamId: condition.streamId, expected: String(expectation(condition.expectedRevision)) };
    return { after: String(condition.noEventAfter), ...condition.filter };
  });
  return JSON.stringify(conditions);
}

/** How the procedures write an expected revision. */
export function expectation(expected: ExpectedRevision): bigint {
  switch (expected) {
    case "any":
      return -1n;
    case "no-stream":
      return -2n;
    case "stream-exists":
      return -3n;
    default:
      return expected;
  }
}

/** Types and schemas that go into the catalogue with this set: number -n stands for the n-th of them. */
class CatalogueAdditions {
  readonly #catalogue: Catalogue;
  readonly #types = new Map<string, number>();
  readonly #schemaNos = new Map<string, number>();
  readonly #schemas: EventSchema[] = [];

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  typeNo(name: string): number {
    const known = this.#catalogue.typeNo(name) ?? this.#types.get(name);
    if (known !== undefined) return known;
    const typeNo = -(this.#types.size + 1);
    this.#types.set(name, typeNo);
    return typeNo;
  }

  schemaNo(schema: EventSchema): number {
    const known = this.#catalogue.schemaNo(schema.sha256) ?? this.#schemaNos.get(schema.sha256);
    if (known !== undefined) return known;
    checkEventSchema(schema);
    this.#schemas.push(schema);
    this.#schemaNos.set(schema.sha256, -this.#schemas.length);
    return -this.#schemas.length;
  }

  get isEmpty(): boolean {
    return this.#types.size === 0 && this.#schemas.length === 0;
  }

  values(): Buffer[] {
    return [
      textArray([...this.#types.keys()]),
      byteaArray(this.#schemas.map(({ sha256 }) => Buffer.from(sha256, "hex"))),
      textArray(this.#schemas.map(({ text }) => text)),
      textArray(this.#schemas.map(({ subject }) => subject)),
      int4Array(this.#schemas.map(({ version }) => version)),
    ];
  }
}

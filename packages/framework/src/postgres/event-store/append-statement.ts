import type { AppendCondition } from "../../event-store/append-condition.ts";
import type { EventSchema } from "../../event/event-schema.ts";
import { checkEventSchema } from "../../event-store/check-event-schema.ts";
import type { StreamAppend } from "../../event-store/event-store.ts";
import type { ExpectedRevision } from "../../event-store/expected-revision.ts";
import type { IdempotencyEntry } from "../../event-store/idempotency-record.ts";
import { partitionHash } from "../../subscription/partition-hash.ts";
import type { CallValue } from "./append-connection.ts";
import { byteaArray, int4Array, textArray } from "./binary-array.ts";
import { int4Column, int8Column, putInt4, putInt8 } from "./binary-column.ts";
import type { Catalogue } from "./catalogue.ts";
import { EventColumns } from "./event-columns.ts";

/** One caller's append: all of its streams or none. */
export interface AppendCall {
  readonly tenant: string;
  readonly streams: readonly StreamAppend[];
  readonly idempotency: IdempotencyEntry | null;
  readonly conditions: readonly AppendCondition[];
}

// In the order of the procedure's parameters.
const inputs =
  "text[] text[] text[] bytea[] bytea[] int8[] int4[] text[] int4[] int8[] int4[] int4[] int4[] uuid[] int4[] int2[] int4[] uuid[] uuid[] int4[] int4[] int4[] bytea text[] bytea[] text[] text[] int4[] jsonb".split(
    " ",
  );
const outputCount = 12;

/** The call of `append_events` in this (quoted) database schema. */
export function appendStatementText(schema: string): string {
  const values = inputs.map((type, index) => `$${index + 1}::${type}`);
  return `call ${schema}.append_events(${[...values, ...Array<string>(outputCount).fill("null")].join(", ")})`;
}

interface AppendStatementArguments {
  readonly values: CallValue[];
  /** Whether the catalogue grows with this set. */
  readonly addsToCatalogue: boolean;
}

/** The procedure's arguments for a set of calls; the numbers of what the catalogue does not know are left to it. */
export function appendStatementArguments(
  calls: readonly AppendCall[],
  catalogue: Catalogue,
): AppendStatementArguments {
  const added = new CatalogueAdditions(catalogue);
  const events = new EventColumns(calls);
  const streams = streamValues(calls, events, added);
  const values = [
    textArray(calls.map(({ tenant }) => tenant)),
    ...idempotencyValues(calls),
    ...streams,
    ...events.values(),
    ...added.values(),
    conditionsText(calls),
  ];
  return { values, addsToCatalogue: !added.isEmpty };
}

/** One loop over everything: whatever is done for each event counts. */
function streamValues(
  calls: readonly AppendCall[],
  events: EventColumns,
  added: CatalogueAdditions,
): Buffer[] {
  let count = 0;
  for (const { streams } of calls) count += streams.length;
  const names: string[] = [];
  const [callNos, hashes, counts, starts] = [
    int4Column(count),
    int4Column(count),
    int4Column(count),
    int4Column(count),
  ];
  const expected = int8Column(count);
  let stream = 0;
  for (const [index, { tenant, streams }] of calls.entries()) {
    for (const { streamId, events: appended, expectedRevision = "any" } of streams) {
      names.push(streamId);
      putInt4(callNos, stream, index + 1);
      // Written with a new stream only, and one whose revision is known is not new.
      const isKnown = typeof expectedRevision === "bigint";
      putInt4(hashes, stream, isKnown ? 0 : partitionHash(`${tenant}\0${streamId}`));
      putInt8(expected, stream, expectation(expectedRevision));
      putInt4(counts, stream, appended.length);
      putInt4(starts, stream, events.count);
      stream += 1;
      for (const event of appended)
        events.add(event, stream, added.typeNo(event.type), added.schemaNo(event.schema));
    }
  }
  return [callNos, textArray(names), hashes, expected, counts, starts];
}

function idempotencyValues(calls: readonly AppendCall[]): (Buffer | null)[] {
  const entries = calls.map(({ idempotency }) => idempotency);
  if (entries.every((entry) => entry === null)) return [null, null, null, null, null];
  const lifetimes = int8Column(entries.length);
  for (const [index, entry] of entries.entries())
    putInt8(lifetimes, index, BigInt(Math.ceil(entry?.timeToLiveMs ?? 0)));
  return [
    textArray(entries.map((entry) => entry?.identity.principal ?? null)),
    textArray(entries.map((entry) => entry?.identity.key ?? null)),
    byteaArray(entries.map((entry) => entry?.requestHash ?? null)),
    byteaArray(entries.map((entry) => entry?.body ?? null)),
    lifetimes,
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

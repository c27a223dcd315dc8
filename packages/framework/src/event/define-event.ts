import type { AvroRecordSchema, FromAvro } from "@tidemark/schema-registry/avro";
import { canonicalText, createCodec, parseSchema, schemaFingerprint } from "@tidemark/schema-registry/avro";
import type { z } from "zod";
import { TidemarkError } from "../errors.ts";
import { eventSubject } from "./event-schema.ts";

/** An event that a decision made and that no store has seen yet. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
  readonly definition: AnyEventDefinition;
}

/** One version of an event's stored shape, as compiled into this process. */
export interface EventVersion {
  readonly version: number;
  /** Registry subject, see {@link eventSubject}. */
  readonly subject: string;
  readonly schemaText: string;
  readonly sha256: string;
  readonly encode: (data: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** From this version to the next one; absent on the newest. */
  readonly upcast?: (data: unknown) => readonly unknown[];
}

/**
 * A definition of an event: call it to make one, or pass it to `defineAggregate` and projections.
 *
 * `Data` is the newest shape, which handlers see; `Written` the shape that this deployment writes.
 */
export interface EventDefinition<Type extends string, Data, Written = Data> {
  (data: Written): NewEvent<Type, Written>;
  readonly type: Type;
  /** Full name of the Avro record: the stored type. */
  readonly recordName: string;
  readonly version: number;
  /** Version that is written, lower than `version` during the first of two deploys. */
  readonly writeVersion: number;
  /** Every version that this code can read, oldest first. */
  readonly versions: readonly EventVersion[];
  /** Rules beyond Avro; applies to what is written. */
  readonly rules: z.ZodType | null;
  /** Only for type inference; never set. */
  readonly "~data"?: Data;
}

// `any` in both places: a definition is invariant in its data, and this is the top of all of them.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyEventDefinition = EventDefinition<string, any, any>;

/** The data that handlers of this event see. */
export type EventData<D> = D extends { readonly "~data"?: infer Data } ? Exclude<Data, undefined> : never;

/** An event of the version before, and how it becomes the newer one. */
interface Upcaster<Old extends AnyEventDefinition, Data> {
  readonly from: Old;
  /** Pure and synchronous. An array splits the event, an empty one drops it from view. */
  readonly upcast: (data: EventData<Old>) => Data | readonly Data[];
}

type RulesFor<Rules, Written> = Rules extends z.ZodType
  ? Written extends z.input<Rules>
    ? Rules
    : { readonly "the rules do not accept this event's Avro type": Written }
  : Rules;

interface DefineEventOptions<Rules, Written> {
  /** A zod schema that accepts the payload; refusals carry its messages. Values are checked, never changed. */
  readonly rules?: RulesFor<Rules, Written>;
}

/** The record's fields written out: editors and compiler messages show them instead of how they were inferred. */
type PayloadOf<S extends AvroRecordSchema> =
  FromAvro<S> extends infer Data ? { [Field in keyof Data]: Data[Field] } : never;

type ShortName<Name extends string> = Name extends `${string}.${infer Rest}` ? ShortName<Rest> : Name;

type WrittenShape<
  S extends AvroRecordSchema,
  Old,
  Version extends number,
  Write extends number,
> = Write extends Version ? PayloadOf<S> : EventData<Old>;

/**
 * Defines an event by its Avro record. The payload's type is inferred from the literal: `long` is `bigint`,
 * decimals are `{ unscaled, scale }`, nullable unions are `T | null`.
 *
 * A breaking change defines the next version from the one before; `write` keeps writing the old shape
 * until every node can read the new one.
 *
 * @throws TidemarkError `definition-invalid` when the record is not valid Avro or the versions do not follow.
 * @example
 * const FundsDeposited = defineEvent({
 *   type: "record", name: "FundsDeposited", namespace: "ledger",
 *   fields: [{ name: "amount", type: "long" }],
 * }, { rules: z.object({ amount: z.bigint().positive() }) });
 */
export function defineEvent<
  const S extends AvroRecordSchema,
  Rules extends z.ZodType | undefined = undefined,
>(
  schema: S,
  options?: DefineEventOptions<Rules, PayloadOf<S>>,
): EventDefinition<ShortName<S["name"]>, PayloadOf<S>>;
export function defineEvent<
  const S extends AvroRecordSchema,
  Old extends AnyEventDefinition,
  const Version extends number,
  const Write extends number = Version,
  Rules extends z.ZodType | undefined = undefined,
>(
  schema: S,
  options: DefineEventOptions<Rules, WrittenShape<S, Old, Version, Write>> & {
    readonly version: Version;
    /** Default `version`; the version before it keeps writing the old shape. */
    readonly write?: Write;
    readonly upcaster: Upcaster<Old, PayloadOf<S>>;
  },
): EventDefinition<ShortName<S["name"]>, PayloadOf<S>, WrittenShape<S, Old, Version, Write>>;
// The overloads are the types. Against anything but `any`, comparing them with this signature would expand the
// inferred payload of every possible schema (TS2589).
// oxlint-disable-next-line typescript/no-explicit-any
export function defineEvent(schema: AvroRecordSchema, options: any = {}): any {
  return define(schema, options);
}

interface LooseOptions {
  readonly rules?: z.ZodType;
  readonly version?: number;
  readonly write?: number;
  readonly upcaster?: LooseUpcaster;
}

interface LooseUpcaster {
  readonly from: AnyEventDefinition;
  readonly upcast: (data: unknown) => unknown;
}

function define(schema: AvroRecordSchema, options: LooseOptions): AnyEventDefinition {
  const recordName = fullNameOf(schema);
  const type = recordName.slice(recordName.lastIndexOf(".") + 1);
  const version = options.version ?? 1;
  const older = olderVersions(recordName, version, options.upcaster);
  const newest = compileVersion(recordName, version, schema);
  const versions = [...older, newest];
  const writeVersion = options.write ?? version;
  if (writeVersion !== version && writeVersion !== version - 1) {
    invalid(recordName, `write: ${writeVersion} must be ${version} or the version before it`);
  }
  const make = (data: unknown): NewEvent => ({ type, data, definition });
  const definition: AnyEventDefinition = Object.assign(make, {
    type,
    recordName,
    version,
    writeVersion,
    versions,
    rules: options.rules ?? null,
  });
  return Object.freeze(definition);
}

function olderVersions(
  recordName: string,
  version: number,
  upcaster: LooseUpcaster | undefined,
): EventVersion[] {
  if (upcaster === undefined) {
    if (version !== 1)
      invalid(recordName, `version ${version} needs an upcaster from version ${version - 1}`);
    return [];
  }
  const { from, upcast } = upcaster;
  if (from.recordName !== recordName) {
    invalid(recordName, `the upcaster starts from ${from.recordName}, which is another event`);
  }
  if (from.version !== version - 1) {
    invalid(recordName, `version ${version} needs an upcaster from ${version - 1}, not from ${from.version}`);
  }
  return from.versions.map((old) =>
    old.version === from.version ? { ...old, upcast: (data) => toArray(upcast(data)) } : old,
  );
}

function toArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function compileVersion(recordName: string, version: number, schema: AvroRecordSchema): EventVersion {
  try {
    const schemaText = canonicalText(parseSchema(schema));
    const codec = createCodec(parseSchema(schema));
    return {
      version,
      subject: eventSubject(recordName, version),
      schemaText,
      sha256: schemaFingerprint(schemaText),
      encode: (data) => codec.encode(data),
      decode: (bytes) => codec.decode(bytes),
    };
  } catch (error) {
    throw new TidemarkError(
      "definition-invalid",
      `The event ${recordName} is not valid Avro: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function fullNameOf(schema: AvroRecordSchema): string {
  if (schema.name.includes(".") || schema.namespace === undefined) return schema.name;
  return `${schema.namespace}.${schema.name}`;
}

function invalid(recordName: string, rule: string): never {
  throw new TidemarkError("definition-invalid", `The event ${recordName} is not well defined: ${rule}.`);
}

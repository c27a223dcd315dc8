import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { JavaScriptWarning } from "../javascript/javascript-warning.ts";
import type { RefusalReason } from "../registry/schema-refusal.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";

export interface RequestOptions {
  /** Ends the request, its retries included; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface SchemaOptions extends RequestOptions {
  /** The versions whose named types the schema uses. */
  readonly references?: readonly SchemaReference[];
}

/** A schema under its subject, as the registry holds it. */
export interface RegisteredVersion {
  readonly subject: string;
  readonly id: number;
  readonly version: number;
  /** Canonical text. */
  readonly schema: string;
  readonly references: readonly SchemaReference[];
}

/** What a registration answers. */
export interface Registration extends RegisteredVersion {
  /** What clients in JavaScript cannot do with the schema, though it is legal; empty from other registries. */
  readonly warnings: readonly JavaScriptWarning[];
}

/** A schema with which an application reads a subject. */
export interface ReaderSchema {
  readonly subject: string;
  /** Avro schema text; it need not be a version of the subject. */
  readonly schema: string;
  readonly references?: readonly SchemaReference[];
}

export interface CompatibilityVerdict {
  readonly compatible: boolean;
  /** Empty when compatible, and when the registry at the other end gives messages only. */
  readonly reasons: readonly RefusalReason[];
  readonly messages: readonly string[];
  /** As of {@link Registration}. */
  readonly warnings: readonly JavaScriptWarning[];
}

/**
 * What an application asks of a schema registry, the same over HTTP ({@link createRegistryClient}) and in the
 * process ({@link inProcessRegistryClient}).
 *
 * Every call rejects with RegistryUnavailableError when the registry does not answer (after the retries) and with
 * RegistryRequestError when it refuses for a reason that has no class of its own.
 */
export interface RegistryClient {
  /**
   * Makes the schema a version of the subject; publishing a schema that is there already answers its version.
   *
   * @throws SchemaRefusedError when it is not compatible with an earlier version
   * @throws InvalidSchemaError when it is not valid Avro
   */
  register(subject: string, schema: string, options?: SchemaOptions): Promise<Registration>;

  /**
   * The version under which the subject holds this schema, or null.
   *
   * @throws InvalidSchemaError when it is not valid Avro
   */
  lookup(subject: string, schema: string, options?: SchemaOptions): Promise<RegisteredVersion | null>;

  /** The canonical text behind an id, or null. An id never changes its meaning, so the answer is kept. */
  getSchema(id: number, options?: RequestOptions): Promise<string | null>;

  /** One version, or null when the subject or the version is absent. */
  getVersion(
    subject: string,
    version: number | "latest",
    options?: RequestOptions,
  ): Promise<RegisteredVersion | null>;

  /** The subject's live versions, ascending; empty when it is absent. */
  listVersions(subject: string, options?: RequestOptions): Promise<readonly number[]>;

  /** The subject's own level, or null when the global one applies. */
  getCompatibility(subject: string, options?: RequestOptions): Promise<CompatibilityLevel | null>;

  /** Gives the subject a level of its own; it need not have a version yet. */
  setCompatibility(subject: string, level: CompatibilityLevel, options?: RequestOptions): Promise<void>;

  /**
   * Whether the schema could be registered now, against everything that {@link register} would look at.
   *
   * @throws InvalidSchemaError when it is not valid Avro
   */
  checkCompatibility(subject: string, schema: string, options?: SchemaOptions): Promise<CompatibilityVerdict>;

  /**
   * Tells with which schemas an application reads from now on, all of them: the registry then names it when a version
   * drops a field that it uses. False when the registry does not keep that, as Confluent's.
   *
   * @throws InvalidSchemaError when one is not valid Avro
   */
  announceReaders(
    application: string,
    readers: readonly ReaderSchema[],
    options?: RequestOptions,
  ): Promise<boolean>;
}

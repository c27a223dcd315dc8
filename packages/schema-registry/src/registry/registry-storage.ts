import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { TransferStorage } from "../transfer/transfer-storage.ts";
import type { ReaderSchemaStorage } from "../usage/reader-schema-storage.ts";
import type { RegistryMode } from "./registry-mode.ts";
import type { SchemaMetadata } from "./schema-metadata.ts";
import type { SchemaReference } from "./schema-reference.ts";
import type { StoredSchema, SubjectVersion, VersionKey } from "./subject-version.ts";

/** `live`: without the soft-deleted; `deleted`: only them. */
export type Visibility = "live" | "all" | "deleted";

export interface Page {
  readonly offset?: number;
  /** Most entries; all when absent. */
  readonly limit?: number;
}

/** Which versions; every given member must hold. */
export interface VersionFilter extends Page {
  readonly visibility: Visibility;
  readonly subject?: string;
  readonly context?: string;
  /** Start of the qualified subject. */
  readonly subjectPrefix?: string;
  /** One of these starts the qualified subject. */
  readonly anyPrefix?: readonly string[];
  readonly version?: number | "latest";
  readonly versions?: readonly number[];
  /** Only the highest of each subject. */
  readonly latestOnly?: boolean;
  readonly id?: number;
  readonly identity?: string;
  /** Metadata properties that the schema must have with these values. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Only versions whose schema refers to this one. */
  readonly refersTo?: { readonly subject: string; readonly version: number };
}

export interface SubjectFilter extends Page {
  readonly visibility: Visibility;
  readonly context?: string;
  readonly subjectPrefix?: string;
  readonly anyPrefix?: readonly string[];
}

/** An id of a context, and a subject that may hold it. */
export interface IdQuestion {
  readonly context: string;
  readonly id: number;
  readonly subject: string | null;
}

/** What an id stands for now, and the lowest version under which the subject of the question has it. */
export interface IdAnswer {
  readonly identity: string;
  readonly version: number | null;
}

/** What is configured for a scope: a subject, a context (`:.name:`), or `""` for everything. */
export interface Setting {
  readonly level: CompatibilityLevel | null;
  readonly mode: RegistryMode | null;
}

export interface NewSchema {
  readonly context: string;
  /** What makes a schema itself: a hash of its canonical text, references and metadata. */
  readonly identity: string;
  readonly guid: string;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly metadata: SchemaMetadata | null;
  /** Import: the id to store it under. */
  readonly id?: number;
}

export interface NewVersion {
  readonly context: string;
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly author: string | null;
}

export interface RegistryReader {
  /** Ascending by subject (code points) and version. */
  findVersions(filter: VersionFilter): Promise<readonly SubjectVersion[]>;
  /** The same without texts. */
  listVersions(filter: VersionFilter): Promise<readonly VersionKey[]>;
  /** Ascending by code points. */
  listSubjects(filter: SubjectFilter): Promise<readonly string[]>;
  /** The highest id of a context; 0 when it is empty. */
  findLargestId(context: string): Promise<number>;
  findSchema(context: string, id: number): Promise<StoredSchema | null>;
  /** One answer a question, in their order; null where the context has no such id. */
  locateIds(questions: readonly IdQuestion[]): Promise<readonly (IdAnswer | null)[]>;
  /** Every context's schema with this guid. */
  findSchemasByGuid(guid: string): Promise<readonly (StoredSchema & { readonly context: string })[]>;
  /** The settings that exist, by scope. */
  readSettings(scopes: readonly string[]): Promise<ReadonlyMap<string, Setting>>;
  /** Contexts that hold a version, of a subject that starts with one of the prefixes if they are given. */
  listContexts(anyPrefix?: readonly string[]): Promise<readonly string[]>;
}

export interface RegistryWriter extends RegistryReader {
  /**
   * Stores the schema unless its context has it, and returns its id. With an `id`: null when that id belongs to
   * another schema; the returned id differs from the given one when the schema is stored under another.
   */
  addSchema(schema: NewSchema): Promise<number | null>;
  addVersion(version: NewVersion): Promise<Date>;
  softDelete(subject: string, versions: readonly number[]): Promise<void>;
  /** Removes versions for good, and the schemas that no version uses any more. */
  purge(subject: string, versions: readonly number[]): Promise<void>;
  /** Changes the given members; a setting without members is gone. */
  writeSetting(scope: string, change: Partial<Setting>): Promise<void>;
}

/** Where the registry keeps its history. Reads outside of {@link RegistryStorage.serialised} see what is committed. */
export interface RegistryStorage extends RegistryReader {
  readonly readers: ReaderSchemaStorage;
  readonly transfer: TransferStorage;

  /**
   * Runs `work` in one transaction, alone for `subject` and while nobody changes `shared` subjects, across
   * processes. `work` reads through the writer only and has no effects of its own: it runs again after a transient
   * failure.
   */
  serialised<T>(
    scope: { readonly subject: string; readonly shared?: readonly string[] },
    work: (writer: RegistryWriter) => Promise<T>,
  ): Promise<T>;
}

/** The storage does not answer; trying later can help. */
export class RegistryStorageUnavailableError extends Error {
  override readonly name = "RegistryStorageUnavailableError";
  readonly code = "registry-storage-unavailable";
  readonly retryable = true;
}

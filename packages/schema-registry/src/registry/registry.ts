import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { VersionDiffs } from "../diff/version-diff.ts";
import type { VersionWarnings } from "../javascript/version-warnings.ts";
import type { RegistryTransfer } from "../transfer/registry-transfer.ts";
import type { ReaderSchemas } from "../usage/reader-schemas.ts";
import type { RegistryMode } from "./registry-mode.ts";
import type { Page, Visibility } from "./registry-storage.ts";
import type { SchemaMetadata } from "./schema-metadata.ts";
import type { SchemaReference } from "./schema-reference.ts";
import type { SchemaRefusal } from "./schema-refusal.ts";
import type { FoundSchema, StoredSchema, SubjectVersion, VersionKey } from "./subject-version.ts";
import type { VersionSelector } from "./version-number.ts";

/** A schema as a caller sends it. */
export interface SchemaRequest {
  /** Avro schema text. */
  readonly schema: string;
  /** `AVRO`, which is also the default; anything else is refused. */
  readonly schemaType?: string;
  readonly references?: readonly SchemaReference[];
  /** Part of the schema's identity. */
  readonly metadata?: SchemaMetadata;
  /** Also equates what differs in spelling only, such as the order of custom properties. */
  readonly normalize?: boolean;
  /** Only in IMPORT mode: the id to store it under. */
  readonly id?: number;
  /** Only in IMPORT mode, or if it is the next one: the version to store it under. */
  readonly version?: number;
}

export interface ListOptions extends Page {
  /** `live` by default. */
  readonly visibility?: Visibility;
  /** Only subjects that one of these starts. */
  readonly anyPrefix?: readonly string[];
}

export interface TextOption {
  /** The text with the types of its references written out. */
  readonly resolved?: boolean;
}

export interface DeletedOption {
  /** Also finds soft-deleted versions. */
  readonly deleted?: boolean;
}

/**
 * An Avro schema registry: subjects with a growing list of versions, each compatible with those before it as the
 * subject's level demands. Every refusal is a {@link RegistryError}.
 *
 * Where a scope is left out of a setting, it is the global one; `:.name:` is the scope of a context.
 */
export interface Registry extends VersionDiffs, VersionWarnings, ReaderSchemas, RegistryTransfer {
  /**
   * Makes the schema the newest version of the subject. A schema that is a live version already keeps its place.
   * Check and insert are one step per subject: of two rivals that exclude each other one is refused.
   *
   * @throws RegistryError `schema-incompatible` with the reasons, `schema-invalid`, `schema-too-large`,
   * `subject-invalid`, `operation-not-permitted`
   */
  register(
    subject: string,
    request: SchemaRequest,
    options?: { readonly author?: string },
  ): Promise<SubjectVersion>;

  /** The version under which the subject holds the schema. @throws RegistryError `subject-not-found`, `schema-not-found`, `schema-invalid` */
  lookup(subject: string, request: SchemaRequest, options?: DeletedOption): Promise<SubjectVersion>;

  /** @throws RegistryError `subject-not-found`, `version-not-found`, `version-invalid` */
  getVersion(
    subject: string,
    version: VersionSelector,
    options?: DeletedOption & TextOption,
  ): Promise<SubjectVersion>;

  /**
   * The latest version whose metadata has these properties.
   *
   * @throws RegistryError `subject-not-found`, `schema-not-found`
   */
  latestWithMetadata(
    subject: string,
    properties: Readonly<Record<string, string>>,
    options?: DeletedOption,
  ): Promise<SubjectVersion>;

  /** Sorted by code points. */
  listSubjects(options?: ListOptions & { readonly subjectPrefix?: string }): Promise<readonly string[]>;

  /** Ascending; soft-deleted ones as negative numbers if that is asked for. @throws RegistryError `subject-not-found` */
  listVersions(
    subject: string,
    options?: ListOptions & { readonly deletedAsNegative?: boolean },
  ): Promise<readonly number[]>;

  /** Versions of all subjects with their texts. */
  listSchemas(
    options?: ListOptions & { readonly subjectPrefix?: string; readonly latestOnly?: boolean },
  ): Promise<readonly SubjectVersion[]>;

  /** Ids of the live schemas that refer to a version. @throws RegistryError `subject-not-found`, `version-not-found` */
  referencedBy(
    subject: string,
    version: VersionSelector,
    options?: DeletedOption,
  ): Promise<readonly number[]>;

  /**
   * A subject names the context to look in; if it holds the id, the answer says under which version.
   *
   * @throws RegistryError `schema-not-found`
   */
  schemaById(id: number, options?: TextOption & { readonly subject?: string }): Promise<FoundSchema>;

  /** The highest id of a subject's context, of the default one without a subject. */
  largestId(options?: { readonly subject?: string }): Promise<number>;

  /** @throws RegistryError `schema-not-found` */
  schemaByGuid(guid: string, options?: TextOption): Promise<StoredSchema>;

  /** The ids under which contexts hold a guid. @throws RegistryError `schema-not-found` */
  idsOfGuid(guid: string): Promise<readonly { readonly context: string; readonly id: number }[]>;

  /** The versions that use an id. @throws RegistryError `schema-not-found` */
  idVersions(
    id: number,
    options?: ListOptions & { readonly subject?: string },
  ): Promise<readonly VersionKey[]>;

  /** The subjects that use an id. @throws RegistryError `schema-not-found` */
  subjectsOfId(id: number, options?: ListOptions & { readonly subject?: string }): Promise<readonly string[]>;

  /**
   * Whether the schema could follow a version; without one, whether it could be registered now. Null when it could,
   * else the reasons.
   *
   * @throws RegistryError `version-not-found`, `schema-invalid`
   */
  checkCompatibility(
    subject: string,
    request: SchemaRequest,
    options?: { readonly version?: VersionSelector },
  ): Promise<SchemaRefusal | null>;

  /** @throws RegistryError `compatibility-not-configured` when the scope has no level of its own, unless told to default */
  getCompatibility(
    scope?: string,
    options?: { readonly defaultToGlobal?: boolean },
  ): Promise<CompatibilityLevel>;

  /** @throws RegistryError `operation-not-permitted` when the mode is READONLY */
  setCompatibility(level: CompatibilityLevel, scope?: string): Promise<void>;

  /** Returns to the next wider level, and answers the one that was. @throws RegistryError `subject-not-found` when there was none */
  deleteCompatibility(scope?: string): Promise<CompatibilityLevel>;

  /** @throws RegistryError `mode-not-configured` when the scope has no mode of its own, unless told to default */
  getMode(scope?: string, options?: { readonly defaultToGlobal?: boolean }): Promise<RegistryMode>;

  /** @throws RegistryError `operation-not-permitted`: IMPORT needs an empty scope, or `force` */
  setMode(mode: RegistryMode, scope?: string, options?: { readonly force?: boolean }): Promise<void>;

  /** Returns to the next wider mode, and answers the one that was. @throws RegistryError `subject-not-found` when there was none */
  deleteMode(scope?: string): Promise<RegistryMode>;

  /**
   * Deletes every version and answers their numbers; permanently only after a soft delete.
   *
   * @throws RegistryError `subject-not-found`, `subject-soft-deleted`, `subject-not-soft-deleted`, `reference-exists`
   */
  deleteSubject(subject: string, options?: { readonly permanent?: boolean }): Promise<readonly number[]>;

  /**
   * Deletes one version and answers its number; permanently only after a soft delete.
   *
   * @throws RegistryError `subject-not-found`, `version-not-found`, `version-soft-deleted`,
   * `version-not-soft-deleted`, `reference-exists`
   */
  deleteVersion(
    subject: string,
    version: VersionSelector,
    options?: { readonly permanent?: boolean },
  ): Promise<number>;

  /** Contexts in use, the default one included. */
  listContexts(options?: Pick<ListOptions, "anyPrefix">): Promise<readonly string[]>;

  /**
   * Drops the level and the mode of a context that holds no version any more.
   *
   * @throws RegistryError `context-not-empty`
   */
  deleteContext(context: string): Promise<void>;
}

export { checkCompatibility } from "./compatibility/check-compatibility.ts";
export {
  checkLevel,
  type CompatibilityLevel,
  type LevelViolation,
  type SchemaVersion,
} from "./compatibility/compatibility-level.ts";
export type { Incompatibility, IncompatibilityKind } from "./compatibility/incompatibility.ts";
export { describeChange } from "./diff/describe-change.ts";
export { diffSchemas } from "./diff/diff-schemas.ts";
export type { SchemaChange } from "./diff/schema-change.ts";
export type { AffectedReader, VersionDiff, VersionDiffs } from "./diff/version-diff.ts";
export { RegistryError, registryErrors, type RegistryErrorCode } from "./errors.ts";
export type { JavaScriptWarning } from "./javascript/javascript-warning.ts";
export { loadingWarnings } from "./javascript/loading-warnings.ts";
export { resolvingWarnings } from "./javascript/resolving-warnings.ts";
export type { VersionWarnings } from "./javascript/version-warnings.ts";
export { silentLogger, type Logger } from "./logger.ts";
export { createRegistry, type RegistryOptions } from "./registry/create-registry.ts";
export { parseLevel } from "./registry/level-name.ts";
export { parseMode, type RegistryMode } from "./registry/registry-mode.ts";
export {
  RegistryStorageUnavailableError,
  type IdAnswer,
  type IdQuestion,
  type NewSchema,
  type NewVersion,
  type Page,
  type RegistryReader,
  type RegistryStorage,
  type RegistryWriter,
  type Setting,
  type SubjectFilter,
  type VersionFilter,
  type Visibility,
} from "./registry/registry-storage.ts";
export type { DeletedOption, ListOptions, Registry, SchemaRequest, TextOption } from "./registry/registry.ts";
export type { SchemaMetadata } from "./registry/schema-metadata.ts";
export type { SchemaReference } from "./registry/schema-reference.ts";
export type { RefusalReason, SchemaRefusal } from "./registry/schema-refusal.ts";
export type { SchemaLimits } from "./registry/requested-schema.ts";
export type { FoundSchema, StoredSchema, SubjectVersion, VersionKey } from "./registry/subject-version.ts";
export { parseVersion, type VersionSelector } from "./registry/version-number.ts";
export type { ImportSummary } from "./transfer/import-entries.ts";
export type { RegistryTransfer } from "./transfer/registry-transfer.ts";
export type { TransferEntry, TransferredSetting, TransferredVersion } from "./transfer/transfer-entry.ts";
export { formatTransferLine, readTransferLines } from "./transfer/transfer-line.ts";
export type {
  ExportedVersion,
  ImportedVersion,
  ScopedSetting,
  TransferStorage,
  TransferWriter,
} from "./transfer/transfer-storage.ts";
export { fieldReaders, type FieldReader } from "./usage/field-readers.ts";
export type { ApplicationReader, ReaderSchema, ReadingApplication } from "./usage/reader-schema.ts";
export type { ReaderSchemaStorage } from "./usage/reader-schema-storage.ts";
export type { ReaderSchemaRequest, ReaderSchemas } from "./usage/reader-schemas.ts";

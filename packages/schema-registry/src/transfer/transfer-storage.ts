import type { NewSchema, RegistryReader, Setting } from "../registry/registry-storage.ts";
import type { SubjectVersion } from "../registry/subject-version.ts";

/** A version as it goes into an export. */
export type ExportedVersion = Pick<
  SubjectVersion,
  "subject" | "version" | "id" | "schema" | "references" | "metadata" | "deleted" | "author" | "registeredAt"
>;

/** A version that is to be stored as it was elsewhere. */
export interface ImportedVersion extends NewSchema {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly deleted: boolean;
  readonly author: string | null;
  readonly registeredAt: Date | null;
  /** Where it stands in the import, for errors. */
  readonly line: number;
}

/** Takes an import in two steps, so that others are kept from writing during the second one only, which is short. */
export interface TransferWriter {
  /** Puts versions by; nobody sees them yet. */
  stage(versions: readonly ImportedVersion[]): Promise<void>;
  /** Finds what was put by, and what is stored. */
  readonly reader: RegistryReader;
  /**
   * Keeps everybody else from writing until the end, and adds what was put by; what is there stays as it is. Answers
   * how many versions were not there.
   *
   * @throws RegistryError `operation-not-permitted` when an id or a version is another schema's here, `id-mismatch`
   * when the schema is here under another id, `schema-invalid` when a version that one refers to is gone
   */
  addStaged(): Promise<number>;
  /** Gives a scope without settings its settings; after {@link addStaged}. */
  addSetting(scope: string, setting: Setting): Promise<void>;
}

/** A setting with what it is for. */
export interface ScopedSetting extends Setting {
  readonly scope: string;
}

export interface TransferStorage {
  /** Everything as of one moment: versions, each after those that it refers to, then settings. */
  readAll(): AsyncIterable<ExportedVersion | ScopedSetting>;
  /** Runs `work` in one transaction. What it did is kept only if it answers `keep: true`. */
  writeAll<T>(
    work: (writer: TransferWriter) => Promise<{ readonly keep: boolean; readonly result: T }>,
  ): Promise<T>;
}

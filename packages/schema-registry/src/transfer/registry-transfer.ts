import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import type { Logger } from "../logger.ts";
import type { SchemaLimits } from "../registry/requested-schema.ts";
import { exportEntries } from "./export-entries.ts";
import { importEntries, type ImportSummary } from "./import-entries.ts";
import type { TransferEntry } from "./transfer-entry.ts";
import type { TransferStorage } from "./transfer-storage.ts";

/** A whole registry as lines, to copy it into another one with its ids. */
export interface RegistryTransfer {
  /** Subjects of all contexts, versions also soft-deleted, references, authors, times, levels and modes; as of one moment. */
  exportAll(): AsyncIterable<TransferEntry>;

  /**
   * Adds what an export holds, all of it or nothing. What is here already stays as it is, so that an import can be
   * repeated. Compatibility is not checked, as in IMPORT mode. While it is merged, in its last moments, registrations
   * wait; look-ups do not.
   *
   * @throws RegistryError `request-invalid` for an export that is not complete or not readable, `schema-invalid`,
   * `operation-not-permitted` when an id or version is another schema's here, `id-mismatch` when a schema is here
   * under another id
   */
  importAll(
    lines: AsyncIterable<{ readonly line: number; readonly text: string }>,
    options?: {
      /** Checks everything and writes nothing. */
      readonly dryRun?: boolean;
    },
  ): Promise<ImportSummary>;
}

export function registryTransfer(options: {
  readonly storage: TransferStorage;
  readonly limits: SchemaLimits;
  readonly defaultLevel: CompatibilityLevel;
  readonly logger: Logger;
}): RegistryTransfer {
  const { storage, limits, defaultLevel, logger } = options;
  return {
    exportAll: () => exportEntries(storage),

    async importAll(lines, { dryRun = false } = {}) {
      const summary = await storage.writeAll(async (writer) => {
        const result = await importEntries(lines, { writer, limits, defaultLevel });
        return { keep: !dryRun, result };
      });
      logger.info({ dryRun, ...summary }, "registry imported");
      return summary;
    },
  };
}

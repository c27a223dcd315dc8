import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { versionDiffs } from "../diff/version-diff.ts";
import { RegistryError } from "../errors.ts";
import { versionWarnings } from "../javascript/version-warnings.ts";
import { silentLogger, type Logger } from "../logger.ts";
import { registryTransfer } from "../transfer/registry-transfer.ts";
import { readerSchemas } from "../usage/reader-schemas.ts";
import { findRefusal } from "./compatibility-check.ts";
import { deletion } from "./deletion.ts";
import { findEquivalent } from "./equivalent-version.ts";
import { registration } from "./registration.ts";
import type { Registry } from "./registry.ts";
import { effectiveSetting, settingOperations } from "./registry-settings.ts";
import type { RegistryStorage } from "./registry-storage.ts";
import { defaultSchemaLimits, type SchemaLimits } from "./requested-schema.ts";
import { schemaPreparation } from "./schema-preparation.ts";
import { schemaReads } from "./schema-reads.ts";
import { parseSubjectName } from "./subject-name.ts";
import { subjectReads } from "./subject-reads.ts";
import { parseVersion } from "./version-number.ts";

export interface RegistryOptions {
  readonly storage: RegistryStorage;
  /** The level where none is set; BACKWARD by default, as Confluent's. */
  readonly defaultLevel?: CompatibilityLevel;
  /** What a request may make the registry work on; the defaults keep every single step far below a second. */
  readonly limits?: Partial<SchemaLimits>;
  readonly logger?: Logger;
}

/**
 * The registry over a storage. It holds no state but caches, so any number of processes may serve one storage.
 *
 * @example
 * const registry = createRegistry({ storage: postgresRegistryStorage({ pool }) });
 * await registry.register("ledger.FundsDeposited", { schema: schemaText }, { author: "ci" });
 */
export function createRegistry(options: RegistryOptions): Registry {
  const { storage, defaultLevel = "BACKWARD", logger = silentLogger } = options;
  const limits = { ...defaultSchemaLimits, ...options.limits };
  const preparation = schemaPreparation(storage, limits);

  return {
    ...subjectReads(storage, preparation),
    ...schemaReads(storage, preparation),
    ...settingOperations(storage, defaultLevel),
    ...deletion({ storage, defaultLevel, logger }),
    ...versionDiffs({ storage, preparation }),
    ...versionWarnings({ storage, preparation }),
    ...readerSchemas({ storage: storage.readers, preparation, logger }),
    ...registryTransfer({ storage: storage.transfer, limits, defaultLevel, logger }),
    register: registration({ storage, preparation, defaultLevel, logger }),

    async lookup(text, request, { deleted = false } = {}) {
      const subject = parseSubjectName(text);
      const place = { subject: subject.qualified, visibility: deleted ? "all" : "live" } as const;
      const history = await storage.listVersions(place);
      if (history.length === 0) throw new RegistryError("subject-not-found", `Subject '${text}' not found.`);
      const prepared = await preparation.prepare(subject, request);
      const found =
        history.findLast(({ identity }) => identity === prepared.identity) ??
        (await findEquivalent(preparation, storage, prepared, history));
      const [version] = found ? await storage.findVersions({ ...place, version: found.version }) : [];
      if (version) return version;
      throw new RegistryError("schema-not-found", "Schema not found");
    },

    async checkCompatibility(text, request, { version } = {}) {
      const wanted = version === undefined ? undefined : parseVersion(version);
      const subject = parseSubjectName(text);
      const next = await preparation.prepare(subject, request);
      const { level } = await effectiveSetting(storage, subject, defaultLevel);
      const history = await storage.listVersions({
        subject: subject.qualified,
        visibility: "live",
        ...(wanted !== undefined && { version: wanted }),
      });
      // An absent subject accepts anything, a version that is named must be there.
      if (typeof wanted === "number" && history.length === 0) {
        throw new RegistryError("version-not-found", `Version ${wanted} not found.`);
      }
      return findRefusal(preparation, storage, { subject: subject.qualified, level, next, history });
    },
  };
}

import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { RegistryError } from "../errors.ts";
import { silentLogger, type Logger } from "../logger.ts";
import { findRefusal } from "./compatibility-check.ts";
import { deletion } from "./deletion.ts";
import { findInlinedTwin } from "./inlined-twin.ts";
import { registration } from "./registration.ts";
import type { Registry } from "./registry.ts";
import { effectiveSetting, settingOperations } from "./registry-settings.ts";
import type { RegistryStorage } from "./registry-storage.ts";
import { schemaPreparation, type SchemaLimits } from "./schema-preparation.ts";
import { schemaReads } from "./schema-reads.ts";
import { parseSubjectName } from "./subject-name.ts";
import { subjectReads } from "./subject-reads.ts";
import { parseVersion } from "./version-number.ts";

export interface RegistryOptions {
  readonly storage: RegistryStorage;
  /** The level where none is set; BACKWARD by default, as Confluent's. */
  readonly defaultLevel?: CompatibilityLevel;
  /** By default 1,048,576 characters of text and 200 references. */
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
  const limits = { textLength: 1_048_576, references: 200, ...options.limits };
  const preparation = schemaPreparation(storage, limits);
  const reads = subjectReads(storage);

  return {
    ...reads,
    ...schemaReads(storage),
    ...settingOperations(storage, defaultLevel),
    ...deletion({ storage, defaultLevel, logger }),
    register: registration({ storage, preparation, defaultLevel, logger }),

    async lookup(text, request, { deleted = false } = {}) {
      const subject = parseSubjectName(text);
      const visibility = deleted ? "all" : "live";
      const any = await storage.listVersions({ subject: subject.qualified, visibility, limit: 1 });
      if (any.length === 0) throw new RegistryError("subject-not-found", `Subject '${text}' not found.`);
      const prepared = await preparation.prepare(subject, request);
      const { identity } = prepared;
      const place = { subject: subject.qualified, visibility } as const;
      const equal = (await storage.findVersions({ ...place, identity })).at(-1);
      if (equal) return equal;
      const candidates = await storage.findVersions({ ...place, withReferences: true });
      const twin = await findInlinedTwin(preparation, storage, prepared, candidates);
      if (twin) return twin;
      throw new RegistryError("schema-not-found", "Schema not found");
    },

    async checkCompatibility(text, request, { version } = {}) {
      const wanted = version === undefined ? undefined : parseVersion(version);
      const subject = parseSubjectName(text);
      const next = await preparation.prepare(subject, request);
      const { level } = await effectiveSetting(storage, subject, defaultLevel);
      const history = await storage.findVersions({
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

import { RegistryError } from "../errors.ts";
import type { Registry } from "./registry.ts";
import type { RegistryReader, VersionFilter } from "./registry-storage.ts";
import { resolvedText } from "./resolved-text.ts";
import type { SchemaPreparation } from "./schema-preparation.ts";
import { defaultContext, parseSettingScope, parseSubjectName, requireSubjectText } from "./subject-name.ts";
import type { SubjectVersion } from "./subject-version.ts";
import { parseVersion } from "./version-number.ts";

export type SubjectReads = Pick<
  Registry,
  | "getVersion"
  | "latestWithMetadata"
  | "listSubjects"
  | "listVersions"
  | "listSchemas"
  | "referencedBy"
  | "listContexts"
>;

/** What can be asked by subject. */
export function subjectReads(storage: RegistryReader, preparation: SchemaPreparation): SubjectReads {
  const getVersion: SubjectReads["getVersion"] = async (text, selector, options = {}) => {
    const { deleted = false, resolved = false } = options;
    const version = parseVersion(selector);
    const { qualified } = parseSubjectName(text);
    const visibility = deleted ? "all" : "live";
    const [found] = await storage.findVersions({ subject: qualified, version, visibility });
    if (!found) return absent(storage, text, { subject: qualified, visibility }, selector);
    return resolved ? resolvedText(preparation, found) : found;
  };

  return {
    getVersion,

    async latestWithMetadata(text, properties, { deleted = false } = {}) {
      const { qualified } = parseSubjectName(text);
      const place = { subject: qualified, visibility: deleted ? "all" : "live" } as const;
      const latest = (await storage.findVersions({ ...place, properties })).at(-1);
      if (latest) return latest;
      const any = await storage.listVersions({ ...place, limit: 1 });
      throw any.length === 0
        ? new RegistryError("subject-not-found", `Subject '${text}' not found.`)
        : new RegistryError("schema-not-found", "Schema not found: no version has this metadata");
    },

    async listSubjects({ visibility = "live", subjectPrefix, ...page } = {}) {
      return storage.listSubjects({ visibility, ...prefixFilter(subjectPrefix), ...page });
    },

    async listVersions(text, options = {}) {
      const { deletedAsNegative = false, visibility = deletedAsNegative ? "all" : "live", ...page } = options;
      const { qualified } = parseSubjectName(text);
      const found = await storage.listVersions({ subject: qualified, visibility, ...page });
      if (found.length > 0) {
        return found.map(({ version, deleted }) => (deleted && deletedAsNegative ? -version : version));
      }
      const any = await storage.listVersions({ subject: qualified, visibility, limit: 1 });
      if (any.length === 0) throw new RegistryError("subject-not-found", `Subject '${text}' not found.`);
      return [];
    },

    async listSchemas({ visibility = "live", subjectPrefix, latestOnly = false, ...page } = {}) {
      return storage.findVersions({ visibility, latestOnly, ...prefixFilter(subjectPrefix), ...page });
    },

    async referencedBy(text, selector, { deleted = false } = {}) {
      const { subject, version } = await getVersion(text, selector, { deleted: true });
      const visibility = deleted ? "all" : "live";
      const referring = await storage.listVersions({ refersTo: { subject, version }, visibility });
      return [...new Set(referring.map(({ id }) => id))].toSorted((a, b) => a - b);
    },

    async listContexts({ anyPrefix } = {}) {
      const contexts = await storage.listContexts(anyPrefix);
      return contexts.includes(defaultContext) ? contexts : [defaultContext, ...contexts];
    },
  };
}

/** `:*:` spans every context, as no prefix does; a plain prefix stays in the default one. */
function prefixFilter(prefix = ""): Pick<VersionFilter, "context" | "subjectPrefix"> {
  if (prefix === "" || prefix === ":*:") return {};
  requireSubjectText(prefix);
  if (!prefix.startsWith(":")) return { context: defaultContext, subjectPrefix: prefix };
  const { context, qualified } = parseSettingScope(prefix);
  return { context, subjectPrefix: qualified };
}

async function absent(
  storage: RegistryReader,
  text: string,
  filter: VersionFilter,
  selector: string | number,
): Promise<SubjectVersion> {
  const any = await storage.listVersions({ ...filter, limit: 1 });
  throw any.length === 0
    ? new RegistryError("subject-not-found", `Subject '${text}' not found.`)
    : new RegistryError("version-not-found", `Version ${selector} not found.`);
}

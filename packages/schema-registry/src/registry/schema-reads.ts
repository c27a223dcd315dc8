import { RegistryError } from "../errors.ts";
import type { Registry } from "./registry.ts";
import { idLookup } from "./id-lookup.ts";
import type { RegistryReader } from "./registry-storage.ts";
import { resolvedText } from "./resolved-text.ts";
import type { SchemaPreparation } from "./schema-preparation.ts";
import { defaultContext, parseSettingScope } from "./subject-name.ts";
import type { FoundSchema, StoredSchema } from "./subject-version.ts";

export type SchemaReads = Pick<
  Registry,
  "schemaById" | "largestId" | "schemaByGuid" | "idsOfGuid" | "idVersions" | "subjectsOfId"
>;

const largestId = 2 ** 31 - 1;
const guidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What can be asked by id, from consumers of messages that carry one. */
export function schemaReads(storage: RegistryReader, preparation: SchemaPreparation): SchemaReads {
  const lookUp = idLookup(storage);

  async function schemaById(id: number, hint: string | undefined): Promise<FoundSchema> {
    if (Number.isInteger(id) && id > 0 && id <= largestId) {
      const scope = hint === undefined || hint === "" ? null : parseSettingScope(hint);
      const context = scope?.context ?? defaultContext;
      const found = await lookUp({ context, id, subject: scope?.qualified ?? null });
      if (found) return found;
    }
    throw new RegistryError("schema-not-found", `Schema ${id} not found`);
  }

  const idVersions: SchemaReads["idVersions"] = async (
    id,
    { visibility = "live", subject, ...page } = {},
  ) => {
    await schemaById(id, subject);
    return storage.listVersions({ context: contextOf(subject), id, visibility, ...page });
  };

  async function byGuid(guid: string): Promise<readonly (StoredSchema & { readonly context: string })[]> {
    const found = guidForm.test(guid) ? await storage.findSchemasByGuid(guid) : [];
    if (found.length === 0) throw new RegistryError("schema-not-found", `Schema ${guid} not found`);
    return found;
  }

  return {
    idVersions,

    async schemaById(id, { subject, resolved = false } = {}) {
      const found = await schemaById(id, subject);
      return resolved ? resolvedText(preparation, found) : found;
    },

    largestId: async ({ subject } = {}) => storage.findLargestId(contextOf(subject)),

    async schemaByGuid(guid, { resolved = false } = {}) {
      const [first] = await byGuid(guid);
      if (!first) throw new RegistryError("schema-not-found", `Schema ${guid} not found`);
      return resolved ? resolvedText(preparation, first) : first;
    },

    async idsOfGuid(guid) {
      return (await byGuid(guid)).map(({ context, id }) => ({ context, id }));
    },

    async subjectsOfId(id, { offset = 0, limit, ...options } = {}) {
      const versions = await idVersions(id, options);
      const subjects = [...new Set(versions.map(({ subject }) => subject))];
      return subjects.slice(offset, limit === undefined ? undefined : offset + limit);
    },
  };
}

function contextOf(subject: string | undefined): string {
  return subject === undefined || subject === "" ? defaultContext : parseSettingScope(subject).context;
}

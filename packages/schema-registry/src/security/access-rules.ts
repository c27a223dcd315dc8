import { RegistryError } from "../errors.ts";
import type { Registry } from "../registry/registry.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";
import {
  contextScope,
  defaultContext,
  parseSettingScope,
  parseSubjectName,
} from "../registry/subject-name.ts";
import { allowedPrefixes, isAllowed, type Permission, type Principal } from "./permission.ts";

/** What a caller may do, as checks that throw RegistryError `forbidden`. */
export interface AccessRules {
  /** For list operations: only what the caller may read. */
  readonly readableOnly: { readonly anyPrefix?: readonly string[] };
  /** By qualified name; `""` stands for everything. */
  readonly require: (permission: Permission, subject: string) => void;
  readonly requireSubject: (permission: Permission, subject: string) => void;
  /** A level or mode: anybody may read the global one. */
  readonly requireScope: (permission: Permission, scope: string | undefined) => void;
  /** A schema shows what it refers to. */
  readonly requireReferences: (subject: string, references: readonly SchemaReference[] | undefined) => void;
  /** One subject that uses the id must be readable. @throws RegistryError `schema-not-found` */
  readonly requireId: (id: number, hint: string | undefined) => Promise<void>;
  /** One id of the guid must be readable. @throws RegistryError `schema-not-found` */
  readonly requireGuid: (guid: string) => Promise<void>;
}

export function accessRules(registry: Registry, principal: Principal): AccessRules {
  const readable = allowedPrefixes(principal, "read");
  const readableOnly = readable === null ? {} : { anyPrefix: readable };

  function require(permission: Permission, subject: string): void {
    if (isAllowed(principal, permission, subject)) return;
    const what = subject === "" ? "everything" : `subject ${subject}`;
    throw new RegistryError("forbidden", `${principal.name} has no permission to ${permission} ${what}`);
  }

  async function usesReadable(id: number, hint: string | undefined): Promise<boolean> {
    const place = hint === undefined ? {} : { subject: hint };
    const using = await registry.idVersions(id, { ...place, ...readableOnly, visibility: "all", limit: 1 });
    return using.length > 0;
  }

  return {
    readableOnly,
    require,

    requireSubject(permission, text) {
      require(permission, parseSubjectName(text).qualified);
    },

    requireScope(permission, scope) {
      if (scope !== undefined) require(permission, parseSettingScope(scope).qualified);
      else if (permission !== "read") require(permission, "");
    },

    requireReferences(text, references = []) {
      const { context } = parseSubjectName(text);
      for (const { subject } of references) require("read", parseSubjectName(subject, context).qualified);
    },

    async requireId(id, hint) {
      if (readable === null || (await usesReadable(id, hint))) return;
      throw new RegistryError("schema-not-found", `Schema ${id} not found`);
    },

    async requireGuid(guid) {
      if (readable === null) return;
      for (const { context, id } of await registry.idsOfGuid(guid)) {
        if (await usesReadable(id, context === defaultContext ? undefined : contextScope(context))) return;
      }
      throw new RegistryError("schema-not-found", `Schema ${guid} not found`);
    },
  };
}

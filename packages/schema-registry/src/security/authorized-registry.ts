import type { Registry } from "../registry/registry.ts";
import { contextScope, parseContextName, parseSubjectName } from "../registry/subject-name.ts";
import { accessRules, type AccessRules } from "./access-rules.ts";
import type { Principal } from "./permission.ts";

/**
 * The registry as a caller may use it: each operation asks for its permission first, lists hold what the caller may
 * read. Ids are looked up by consumers that know nothing else, so an id is readable when one of its subjects is.
 *
 * Every method is written out: one that is added to {@link Registry} does not compile until it has its rule here.
 */
export function authorizedRegistry(registry: Registry, principal: Principal): Registry {
  const rules = accessRules(registry, principal);
  return {
    ...subjectOperations(registry, rules),
    ...idOperations(registry, rules),
    ...settingOperations(registry, rules),
    ...readerOperations(registry, rules),

    exportAll() {
      rules.require("read", "");
      return registry.exportAll();
    },
    async importAll(lines, options) {
      rules.require("admin", "");
      return registry.importAll(lines, options);
    },
  };
}

function subjectOperations(
  registry: Registry,
  { readableOnly, requireReferences, requireSubject }: AccessRules,
) {
  return {
    async register(subject, request, options) {
      requireSubject("write", subject);
      requireReferences(subject, request.references);
      return registry.register(subject, request, options);
    },
    async lookup(subject, request, options) {
      requireSubject("read", subject);
      requireReferences(subject, request.references);
      return registry.lookup(subject, request, options);
    },
    async checkCompatibility(subject, request, options) {
      requireSubject("read", subject);
      requireReferences(subject, request.references);
      return registry.checkCompatibility(subject, request, options);
    },
    async getVersion(subject, version, options) {
      requireSubject("read", subject);
      return registry.getVersion(subject, version, options);
    },
    async latestWithMetadata(subject, properties, options) {
      requireSubject("read", subject);
      return registry.latestWithMetadata(subject, properties, options);
    },
    async listVersions(subject, options) {
      requireSubject("read", subject);
      return registry.listVersions(subject, options);
    },
    async referencedBy(subject, version, options) {
      requireSubject("read", subject);
      return registry.referencedBy(subject, version, options);
    },
    async diffVersions(subject, from, to) {
      requireSubject("read", subject);
      return registry.diffVersions(subject, from, to);
    },
    async javaScriptWarnings(subject, schema) {
      requireSubject("read", subject);
      requireReferences(subject, schema.references);
      return registry.javaScriptWarnings(subject, schema);
    },
    async deleteSubject(subject, options) {
      requireSubject("delete", subject);
      return registry.deleteSubject(subject, options);
    },
    async deleteVersion(subject, version, options) {
      requireSubject("delete", subject);
      return registry.deleteVersion(subject, version, options);
    },
    listSubjects: async (options) => registry.listSubjects({ ...options, ...readableOnly }),
    listSchemas: async (options) => registry.listSchemas({ ...options, ...readableOnly }),
    listContexts: async (options) => registry.listContexts({ ...options, ...readableOnly }),
  } satisfies Partial<Registry>;
}

function idOperations(registry: Registry, { readableOnly, requireGuid, requireId }: AccessRules) {
  return {
    async schemaById(id, options) {
      await requireId(id, options?.subject);
      return registry.schemaById(id, options);
    },
    async idVersions(id, options) {
      await requireId(id, options?.subject);
      return registry.idVersions(id, { ...options, ...readableOnly });
    },
    async subjectsOfId(id, options) {
      await requireId(id, options?.subject);
      return registry.subjectsOfId(id, { ...options, ...readableOnly });
    },
    async schemaByGuid(guid, options) {
      await requireGuid(guid);
      return registry.schemaByGuid(guid, options);
    },
    async idsOfGuid(guid) {
      await requireGuid(guid);
      return registry.idsOfGuid(guid);
    },
    // A number, which tells nothing but how much there is.
    largestId: async (options) => registry.largestId(options),
  } satisfies Partial<Registry>;
}

function settingOperations(registry: Registry, { require, requireScope, requireSubject }: AccessRules) {
  return {
    async getCompatibility(scope, options) {
      requireScope("read", scope);
      return registry.getCompatibility(scope, options);
    },
    async setCompatibility(level, scope) {
      // KafkaJS sets the level right after its first registration; that changes nothing when it applies already.
      const isWritten = scope !== undefined && !scope.endsWith(":");
      if (isWritten && level === (await registry.getCompatibility(scope, { defaultToGlobal: true }))) {
        requireSubject("write", scope);
      } else {
        requireScope("admin", scope);
      }
      return registry.setCompatibility(level, scope);
    },
    async deleteCompatibility(scope) {
      requireScope("admin", scope);
      return registry.deleteCompatibility(scope);
    },
    async getMode(scope, options) {
      requireScope("read", scope);
      return registry.getMode(scope, options);
    },
    async setMode(mode, scope, options) {
      requireScope("admin", scope);
      return registry.setMode(mode, scope, options);
    },
    async deleteMode(scope) {
      requireScope("admin", scope);
      return registry.deleteMode(scope);
    },
    async deleteContext(context) {
      require("admin", contextScope(parseContextName(context)));
      return registry.deleteContext(context);
    },
  } satisfies Partial<Registry>;
}

/** An application announces what it reads: the subjects that it leaves out are superseded, so it must see those too. */
function readerOperations(registry: Registry, { require, requireReferences, requireSubject }: AccessRules) {
  return {
    async announceReaders(application, readers) {
      for (const { subject, references } of readers) {
        requireSubject("read", subject);
        requireReferences(subject, references);
      }
      for (const { subject } of await registry.listReaders({ application })) requireSubject("read", subject);
      return registry.announceReaders(application, readers);
    },
    async listReaders(filter) {
      if (filter.subject === undefined) require("read", "");
      else require("read", parseSubjectName(filter.subject).qualified);
      return registry.listReaders(filter);
    },
    async listApplications() {
      require("read", "");
      return registry.listApplications();
    },
    async forgetApplication(application) {
      require("admin", "");
      return registry.forgetApplication(application);
    },
  } satisfies Partial<Registry>;
}

import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { RegistryError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Registry } from "./registry.ts";
import { effectiveSetting, refuseIfReadOnly } from "./registry-settings.ts";
import type { RegistryStorage, RegistryWriter } from "./registry-storage.ts";
import { parseSubjectName, type SubjectName } from "./subject-name.ts";
import { parseVersion } from "./version-number.ts";

interface DeletionOptions {
  readonly storage: RegistryStorage;
  readonly defaultLevel: CompatibilityLevel;
  readonly logger: Logger;
}

/** Soft and permanent delete: the first hides, the second needs the first and cannot be undone. */
export function deletion(options: DeletionOptions): Pick<Registry, "deleteSubject" | "deleteVersion"> {
  const { storage, defaultLevel, logger } = options;

  async function serialised<T>(
    subject: SubjectName,
    work: (writer: RegistryWriter) => Promise<T>,
  ): Promise<T> {
    return storage.serialised({ subject: subject.qualified }, async (writer) => {
      refuseIfReadOnly((await effectiveSetting(writer, subject, defaultLevel)).mode, subject);
      return work(writer);
    });
  }

  async function remove(
    writer: RegistryWriter,
    { qualified }: SubjectName,
    versions: readonly number[],
    permanent: boolean,
  ): Promise<void> {
    const dropped = new Set(versions);
    for (const version of versions) {
      const referring = await writer.listVersions({
        refersTo: { subject: qualified, version },
        visibility: permanent ? "all" : "live",
      });
      const kept = referring.find((other) => other.subject !== qualified || !dropped.has(other.version));
      if (kept) {
        throw new RegistryError(
          "reference-exists",
          `One or more references exist to the schema {subject=${qualified},version=${version}}: ` +
            `version ${kept.version} of subject ${kept.subject} refers to it; delete that one first`,
        );
      }
    }
    await (permanent ? writer.purge(qualified, versions) : writer.softDelete(qualified, versions));
    logger.info({ subject: qualified, versions, permanent }, "schema versions deleted");
  }

  return {
    async deleteSubject(text, { permanent = false } = {}) {
      const subject = parseSubjectName(text);
      return serialised(subject, async (writer) => {
        const { qualified } = subject;
        const every = await writer.listVersions({ subject: qualified, visibility: "all" });
        if (every.length === 0) throw subjectNotFound(text);
        const live = every.filter(({ deleted }) => !deleted);
        if (!permanent && live.length === 0) {
          throw new RegistryError(
            "subject-soft-deleted",
            `Subject '${text}' was soft deleted.Set permanent=true to delete permanently`,
          );
        }
        if (permanent && live.length > 0) {
          throw new RegistryError(
            "subject-not-soft-deleted",
            `Subject '${text}' was not deleted first before being permanently deleted`,
          );
        }
        const versions = (permanent ? every : live).map(({ version }) => version);
        await remove(writer, subject, versions, permanent);
        if (permanent) await writer.writeSetting(qualified, { level: null, mode: null });
        return versions;
      });
    },

    async deleteVersion(text, selector, { permanent = false } = {}) {
      const wanted = parseVersion(selector);
      const subject = parseSubjectName(text);
      return serialised(subject, async (writer) => {
        const every = await writer.listVersions({ subject: subject.qualified, visibility: "all" });
        if (every.length === 0) throw subjectNotFound(text);
        const found =
          wanted === "latest"
            ? every.findLast(({ deleted }) => !deleted)
            : every.find(({ version }) => version === wanted);
        if (!found) throw new RegistryError("version-not-found", `Version ${wanted} not found.`);
        const { version, deleted } = found;
        if (!permanent && deleted) {
          throw new RegistryError(
            "version-soft-deleted",
            `Subject '${text}' Version ${version} was soft deleted.Set permanent=true to delete permanently`,
          );
        }
        if (permanent && !deleted) {
          throw new RegistryError(
            "version-not-soft-deleted",
            `Subject '${text}' Version ${version} was not deleted first before being permanently deleted`,
          );
        }
        await remove(writer, subject, [version], permanent);
        return version;
      });
    },
  };
}

function subjectNotFound(subject: string): RegistryError {
  return new RegistryError("subject-not-found", `Subject '${subject}' not found.`);
}

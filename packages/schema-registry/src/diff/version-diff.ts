import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { incompatibilitiesInTurns } from "../compatibility/check-compatibility.ts";
import type { ComparedSchemas } from "../compatibility/describe-difference.ts";
import type { Incompatibility } from "../compatibility/incompatibility.ts";
import { RegistryError } from "../errors.ts";
import { createPace } from "../registry/event-loop-pace.ts";
import type { RegistryReader } from "../registry/registry-storage.ts";
import { schemaIdentity } from "../registry/schema-identity.ts";
import type { SchemaPreparation } from "../registry/schema-preparation.ts";
import { parseSubjectName } from "../registry/subject-name.ts";
import type { SubjectVersion } from "../registry/subject-version.ts";
import { parseVersion, type VersionSelector } from "../registry/version-number.ts";
import { fieldReaders, type FieldReader } from "../usage/field-readers.ts";
import type { ReaderSchemaStorage } from "../usage/reader-schema-storage.ts";
import { diffSchemas } from "./diff-schemas.ts";
import type { SchemaChange } from "./schema-change.ts";

/** An application that still reads a field which the later version does not have. */
export interface AffectedReader extends FieldReader {
  readonly application: string;
  /** When an instance last started with that schema. */
  readonly announcedAt: Date;
  /** When a newer instance started without it; null while it is in use. */
  readonly supersededAt: Date | null;
}

/** What separates two versions of a subject. */
export interface VersionDiff {
  readonly subject: string;
  readonly from: SubjectVersion;
  readonly to: SubjectVersion;
  readonly changes: readonly SchemaChange[];
  /** Why `to` cannot read data of `from`; empty when it can. */
  readonly backward: readonly Incompatibility[];
  /** Why `from` cannot read data of `to`; empty when it can. */
  readonly forward: readonly Incompatibility[];
  readonly affectedReaders: readonly AffectedReader[];
}

export interface VersionDiffs {
  /**
   * What separates two versions, soft-deleted ones included, whether each can read the other's data, and which
   * applications read a field that is gone.
   *
   * @throws RegistryError `subject-not-found`, `version-not-found`, `version-invalid`
   */
  diffVersions(subject: string, from: VersionSelector, to: VersionSelector): Promise<VersionDiff>;
}

export function versionDiffs(options: {
  readonly storage: RegistryReader & { readonly readers: ReaderSchemaStorage };
  readonly preparation: SchemaPreparation;
}): VersionDiffs {
  const { storage, preparation } = options;

  async function find(subject: string, selector: VersionSelector): Promise<SubjectVersion> {
    const version = parseVersion(selector);
    const visibility = version === "latest" ? "live" : "all";
    const [found] = await storage.findVersions({ subject, version, visibility });
    if (found) return found;
    const any = await storage.listVersions({ subject, visibility: "all", limit: 1 });
    throw any.length === 0
      ? new RegistryError("subject-not-found", `Subject '${subject}' not found.`)
      : new RegistryError("version-not-found", `Version ${version} not found.`);
  }

  async function affected(
    subject: string,
    changes: readonly SchemaChange[],
  ): Promise<readonly AffectedReader[]> {
    if (!changes.some(({ change, element }) => change === "removed" && element === "field")) return [];
    const found: AffectedReader[] = [];
    const pace = createPace();
    for (const reader of await storage.readers.find({ subject })) {
      const { application, announcedAt, supersededAt, schema, references } = reader;
      const stored = {
        id: 0,
        schema,
        references,
        metadata: null,
        ...schemaIdentity(schema, references, null),
      };
      const parsed = await preparation.parseStored(stored);
      await pace();
      for (const field of fieldReaders(changes, parsed)) {
        found.push({ application, announcedAt, supersededAt, ...field });
      }
    }
    return found;
  }

  return {
    async diffVersions(text, fromSelector, toSelector) {
      const subject = parseSubjectName(text).qualified;
      const from = await find(subject, fromSelector);
      const to = await find(subject, toSelector);
      const before = await preparation.parseStored(from);
      const after = await preparation.parseStored(to);
      const words = [`version ${from.version}`, `version ${to.version}`] as const;
      const changes = diffSchemas(before, after);
      return {
        subject,
        from,
        to,
        changes,
        backward: await compared({
          reader: after,
          writer: before,
          words: { reader: words[1], writer: words[0] },
          open: "reader",
        }),
        forward: await compared({
          reader: before,
          writer: after,
          words: { reader: words[0], writer: words[1] },
          open: "writer",
        }),
        affectedReaders: await affected(subject, changes),
      };
    },
  };
}

/** In turns with other requests, as a comparison may take seconds. */
async function compared(schemas: ComparedSchemas): Promise<readonly Incompatibility[]> {
  try {
    return await incompatibilitiesInTurns(schemas, createPace());
  } catch (error) {
    if (!(error instanceof AvroSchemaError)) throw error;
    throw new RegistryError("schema-invalid", `The two versions cannot be compared: ${error.message}`, {
      invalid: { path: error.path, rule: error.rule },
      cause: error,
    });
  }
}

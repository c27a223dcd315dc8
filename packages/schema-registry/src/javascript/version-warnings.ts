import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { createPace } from "../registry/event-loop-pace.ts";
import type { SchemaRequest } from "../registry/registry.ts";
import type { RegistryReader } from "../registry/registry-storage.ts";
import type { SchemaPreparation } from "../registry/schema-preparation.ts";
import { parseSubjectName } from "../registry/subject-name.ts";
import type { SubjectVersion } from "../registry/subject-version.ts";
import type { JavaScriptWarning } from "./javascript-warning.ts";
import { loadingWarnings } from "./loading-warnings.ts";
import { hasMovedName, resolvingWarningsInTurns } from "./resolving-warnings.ts";

export interface VersionWarnings {
  /**
   * What clients in JavaScript could not do with a version, or with a schema if it became one: load it, or read data
   * of the 20 versions before it, or those its data. Empty for what is not valid Avro.
   */
  javaScriptWarnings(
    subject: string,
    schema: SubjectVersion | SchemaRequest,
  ): Promise<readonly JavaScriptWarning[]>;
}

const comparedVersions = 20;

export function versionWarnings(options: {
  readonly storage: RegistryReader;
  readonly preparation: SchemaPreparation;
}): VersionWarnings {
  const { storage, preparation } = options;
  return {
    async javaScriptWarnings(text, schema) {
      const subject = parseSubjectName(text);
      const isStored = "registeredAt" in schema;
      const parsed = isStored
        ? await preparation.parseStored(schema)
        : (await preparation.prepare(subject, schema)).parsed;
      const live = await storage.listVersions({ subject: subject.qualified, visibility: "live" });
      const earlier = live.filter(({ version }) => !isStored || version < schema.version);
      const compared = earlier.slice(-comparedVersions);
      const names = await preparation.typeNames(compared, storage);
      const moved = compared.filter(({ identity }) => hasMovedName(parsed, names.get(identity) ?? []));
      const history = [];
      for await (const { key, parsed: old } of preparation.parseVersions(moved, storage)) {
        history.push({ version: key.version, schema: old });
      }
      try {
        return [
          ...loadingWarnings(parsed),
          ...(await resolvingWarningsInTurns(parsed, history, createPace())),
        ];
      } catch (error) {
        // Too complex to compare is a matter of the check itself, not of a warning.
        if (error instanceof AvroSchemaError) return [];
        throw error;
      }
    },
  };
}

import { AvroSchemaError } from "../avro/avro-schema-error.ts";
import { canonicalText } from "../avro/canonical-text.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { parseSchema } from "../avro/parse-schema.ts";
import { RegistryError } from "../errors.ts";
import type { SchemaRequest } from "./registry.ts";
import type { RegistryReader } from "./registry-storage.ts";
import { canonicalMetadata, type SchemaMetadata } from "./schema-metadata.ts";
import { schemaIdentity, type SchemaIdentity } from "./schema-identity.ts";
import type { SchemaReference } from "./schema-reference.ts";
import { parseSubjectName, requireSubjectText, type SubjectName } from "./subject-name.ts";
import type { SubjectVersion } from "./subject-version.ts";
import { parseVersion } from "./version-number.ts";

/** A request's schema, ready to be compared and stored. */
export interface PreparedSchema extends SchemaIdentity {
  readonly parsed: ParsedSchema;
  /** Canonical text. */
  readonly schema: string;
  /** With qualified subjects and version numbers. */
  readonly references: readonly SchemaReference[];
  readonly metadata: SchemaMetadata | null;
}

export interface SchemaLimits {
  /** Characters of a schema's text. */
  readonly textLength: number;
  /** Versions that a schema may refer to, directly and through others. */
  readonly references: number;
}

export interface SchemaPreparation {
  /** @throws RegistryError `schema-invalid`, `schema-too-large` */
  prepare(subject: SubjectName, request: SchemaRequest): Promise<PreparedSchema>;
  /** The parsed form of a stored version, kept for the next check. */
  parseStored(version: SubjectVersion, reader?: RegistryReader): Promise<ParsedSchema>;
}

const keptSchemas = 1_000;

export function schemaPreparation(storage: RegistryReader, limits: SchemaLimits): SchemaPreparation {
  // A stored schema never changes under its guid, and every check of a subject needs the same few again.
  const kept = new Map<string, ParsedSchema>();

  async function parseStored(
    version: SubjectVersion,
    reader: RegistryReader = storage,
    visited = new Set<string>(),
  ): Promise<ParsedSchema> {
    const known = kept.get(version.guid);
    if (known) return known;
    const context = parseSubjectName(version.subject).context;
    const references = await resolve(context, version.references, reader, "all", visited);
    const parsed = parseSchema(version.schema, { references: references.map(({ parsed }) => parsed) });
    if (kept.size >= keptSchemas) {
      const oldest = kept.keys().next();
      if (!oldest.done) kept.delete(oldest.value);
    }
    kept.set(version.guid, parsed);
    return parsed;
  }

  /** `visited` counts what one request makes the registry read, through however many references. */
  async function resolve(
    context: string,
    references: readonly SchemaReference[],
    reader: RegistryReader,
    visibility: "live" | "all",
    visited: Set<string>,
  ): Promise<readonly { readonly reference: SchemaReference; readonly parsed: ParsedSchema }[]> {
    const resolved = [];
    for (const { name, subject, version } of references) {
      requireSubjectText(name);
      const { qualified } = parseSubjectName(subject, context);
      visited.add(`${version} ${qualified}`);
      if (visited.size > limits.references) {
        throw new RegistryError(
          "schema-invalid",
          `Invalid schema, details: it refers to more than ${limits.references} versions; refer to fewer`,
        );
      }
      const [found] = await reader.findVersions({
        subject: qualified,
        version: parseVersion(version),
        visibility,
      });
      if (!found) {
        throw new RegistryError(
          "schema-invalid",
          `Invalid schema, details: the reference "${name}" names version ${version} of subject "${qualified}", ` +
            "which does not exist; register it first",
          { invalid: { path: "", rule: "unknown-reference" } },
        );
      }
      const parsed = await parseStored(found, reader, visited);
      resolved.push({ reference: { name, subject: qualified, version: found.version }, parsed });
    }
    return resolved;
  }

  return {
    async prepare(subject, request) {
      const { schema: text, schemaType = "AVRO", references: requested = [] } = request;
      if (schemaType.toUpperCase() !== "AVRO") {
        throw new RegistryError(
          "schema-invalid",
          `Invalid schema type ${schemaType}: this registry holds AVRO`,
        );
      }
      if (text.trim() === "") throw new RegistryError("schema-invalid", "Empty schema");
      if (text.length > limits.textLength) {
        throw new RegistryError(
          "schema-too-large",
          `The schema has ${text.length} characters, more than the ${limits.textLength} that are allowed`,
        );
      }
      const resolved = await resolve(subject.context, requested, storage, "live", new Set());
      const references = resolved.map(({ reference }) => reference);
      const used = resolved.map((entry) => entry.parsed);
      const parsed = parse(text, used);
      const schema = canonicalText(parsed);
      if (/\p{Surrogate}/u.test(schema)) {
        throw new RegistryError(
          "schema-invalid",
          "Invalid schema, details: it holds half of a surrogate pair, which has no UTF-8 form; remove it",
          { invalid: { path: "", rule: "unicode" } },
        );
      }
      const metadata = canonicalMetadata(request.metadata);
      return { parsed, schema, references, metadata, ...schemaIdentity(schema, references, metadata) };
    },

    parseStored,
  };
}

function parse(text: string, references: readonly ParsedSchema[]): ParsedSchema {
  try {
    return parseSchema(text, { references });
  } catch (error) {
    if (!(error instanceof AvroSchemaError)) throw error;
    const shown = text.length > 300 ? `${text.slice(0, 300)}...` : text;
    throw new RegistryError("schema-invalid", `Invalid schema ${shown}, details: ${error.message}`, {
      invalid: { path: error.path, rule: error.rule },
      cause: error,
    });
  }
}

import { canonicalText } from "../avro/canonical-text.ts";
import type { ParsedSchema } from "../avro/parsed-schema.ts";
import { parseSchema } from "../avro/parse-schema.ts";
import { RegistryError } from "../errors.ts";
import {
  checkSchemaText,
  checkUnicode,
  parseRequestedSchema,
  type SchemaLimits,
} from "./requested-schema.ts";
import { createPace } from "./event-loop-pace.ts";
import { createKeptSchemas } from "./kept-schemas.ts";
import type { SchemaRequest } from "./registry.ts";
import type { RegistryReader } from "./registry-storage.ts";
import { canonicalMetadata, type SchemaMetadata } from "./schema-metadata.ts";
import { schemaIdentity, type SchemaIdentity } from "./schema-identity.ts";
import type { SchemaReference } from "./schema-reference.ts";
import { defaultContext, parseSubjectName, requireSubjectText, type SubjectName } from "./subject-name.ts";
import type { StoredSchema, VersionKey } from "./subject-version.ts";
import { parseVersion } from "./version-number.ts";

/** A request's schema, ready to be compared and stored. */
export interface PreparedSchema extends SchemaIdentity {
  readonly parsed: ParsedSchema;
  /** Canonical text, normalized if the request says so. */
  readonly schema: string;
  /** With qualified subjects and version numbers. */
  readonly references: readonly SchemaReference[];
  readonly metadata: SchemaMetadata | null;
  readonly normalize: boolean;
}

/** A version with its schema. */
export interface ParsedVersion {
  readonly key: VersionKey;
  readonly stored: StoredSchema;
  readonly parsed: ParsedSchema;
}

export interface SchemaPreparation {
  /** @throws RegistryError `schema-invalid`, `schema-too-large` */
  prepare(subject: SubjectName, request: SchemaRequest): Promise<PreparedSchema>;
  /** The parsed form of a stored schema, kept for the next check. */
  parseStored(stored: StoredSchema, reader?: RegistryReader): Promise<ParsedSchema>;
  /** Versions of one subject in the given order; texts are read in portions, and only those not kept from before. */
  parseVersions(keys: readonly VersionKey[], reader: RegistryReader): AsyncGenerator<ParsedVersion>;
  /** The full names of the types of each version, by identity: much smaller to keep than the schemas. */
  typeNames(
    keys: readonly VersionKey[],
    reader: RegistryReader,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Keeps the parsed form of what has just been stored. */
  keep(stored: StoredSchema, prepared: PreparedSchema): void;
}

interface KeptSchema {
  readonly stored: StoredSchema;
  readonly parsed: ParsedSchema;
}

// Parsed, a schema takes about ten times the memory of its text.
const keptCharacters = 4 * 1_048_576;
const portion = 50;

export function schemaPreparation(storage: RegistryReader, limits: SchemaLimits): SchemaPreparation {
  // A stored schema never changes under its identity, and every check of a subject needs the same few again.
  const kept = createKeptSchemas<KeptSchema>(keptCharacters);

  const keptNames = createKeptSchemas<readonly string[]>(keptCharacters);

  async function parseStored(
    stored: StoredSchema,
    reader: RegistryReader = storage,
    visited = new Set<string>(),
  ): Promise<ParsedSchema> {
    const known = kept.find(stored.identity);
    if (known) return known.parsed;
    const references = await resolve(defaultContext, stored.references, reader, "all", visited);
    const parsed = parseSchema(stored.schema, {
      references: references.map(({ parsed }) => parsed),
      // It was held against the limits of its time when it came in.
      limits: { maxTextLength: Number.POSITIVE_INFINITY, maxDepth: 1_000 },
    });
    kept.add(stored.identity, { stored, parsed }, stored.schema.length);
    return parsed;
  }

  async function* parseVersions(
    keys: readonly VersionKey[],
    reader: RegistryReader,
  ): AsyncGenerator<ParsedVersion> {
    for (let start = 0; start < keys.length; start += portion) {
      const chunk = keys.slice(start, start + portion);
      const known = new Map(chunk.map(({ identity }) => [identity, kept.find(identity)]));
      const missing = chunk.filter(({ identity }) => known.get(identity) === undefined);
      const [{ subject } = { subject: "" }] = missing;
      const versions = missing.map(({ version }) => version);
      const read =
        missing.length === 0 ? [] : await reader.findVersions({ subject, versions, visibility: "all" });
      const texts = new Map<string, StoredSchema>(read.map((stored) => [stored.identity, stored]));
      for (const key of chunk) {
        const before = known.get(key.identity);
        if (before !== undefined) yield { key, ...before };
        const stored = texts.get(key.identity);
        // Yielded above, or gone since the list was read, which only a reader outside of a transaction sees.
        if (stored === undefined) continue;
        yield { key, stored, parsed: await parseStored(stored, reader) };
      }
    }
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
          { invalid: { path: "", rule: "too-many-references" } },
        );
      }
      const selector = parseVersion(version);
      const [found] = await reader.findVersions({ subject: qualified, version: selector, visibility });
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
      const { references: requested = [], normalize = false } = request;
      checkSchemaText(request, limits);
      const resolved = await resolve(subject.context, requested, storage, "live", new Set());
      const references = resolved.map(({ reference }) => reference);
      const used = resolved.map((entry) => entry.parsed);
      const pace = createPace();
      const parsed = parseRequestedSchema(request.schema, used, limits);
      await pace();
      const schema = canonicalText(parsed, { normalize });
      checkUnicode(schema);
      await pace();
      const metadata = canonicalMetadata(request.metadata);
      const identity = schemaIdentity(schema, references, metadata);
      return { parsed, schema, references, metadata, normalize, ...identity };
    },

    parseStored,
    parseVersions,

    async typeNames(keys, reader) {
      const found = new Map<string, readonly string[]>();
      const missing: VersionKey[] = [];
      for (const key of keys) {
        const known = keptNames.find(key.identity);
        if (known === undefined) missing.push(key);
        else found.set(key.identity, known);
      }
      for await (const { key, parsed } of parseVersions(missing, reader)) {
        const names = [...parsed.names.keys()];
        keptNames.add(key.identity, names, names.join(" ").length + 100);
        found.set(key.identity, names);
      }
      return found;
    },

    keep(stored, { parsed, normalize }) {
      // What was normalized is stored under another text than it was parsed from.
      if (!normalize) kept.add(stored.identity, { stored, parsed }, stored.schema.length);
    },
  };
}

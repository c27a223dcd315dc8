import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { RegistryError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { findRefusal } from "./compatibility-check.ts";
import { findEquivalent } from "./equivalent-version.ts";
import type { Registry, SchemaRequest } from "./registry.ts";
import { effectiveSetting, refuseIfReadOnly } from "./registry-settings.ts";
import type { RegistryStorage, RegistryWriter } from "./registry-storage.ts";
import type { PreparedSchema, SchemaPreparation } from "./schema-preparation.ts";
import { parseSubjectName, type SubjectName } from "./subject-name.ts";
import type { SubjectVersion, VersionKey } from "./subject-version.ts";
import { parseVersion } from "./version-number.ts";

interface RegistrationOptions {
  readonly storage: RegistryStorage;
  readonly preparation: SchemaPreparation;
  readonly defaultLevel: CompatibilityLevel;
  readonly logger: Logger;
}

/** The one way a version comes into being. */
export function registration(options: RegistrationOptions): Registry["register"] {
  const { storage, preparation, defaultLevel, logger } = options;

  /** Runs alone for the subject: what it reads stays true until its version is in. */
  async function join(
    writer: RegistryWriter,
    subject: SubjectName,
    request: SchemaRequest,
    prepared: PreparedSchema,
    author: string | null,
  ): Promise<SubjectVersion> {
    const { level, mode } = await effectiveSetting(writer, subject, defaultLevel);
    const everyVersion = await writer.listVersions({ subject: subject.qualified, visibility: "all" });
    const history = everyVersion.filter(({ deleted }) => !deleted);
    const importing = mode === "IMPORT";
    if (request.id === undefined) {
      const existing =
        history.findLast(({ identity }) => identity === prepared.identity) ??
        (await findEquivalent(preparation, writer, prepared, history));
      if (existing) return readVersion(writer, existing);
    }
    refuseIfReadOnly(mode, subject);
    if (!importing && request.id !== undefined) {
      throw new RegistryError(
        "operation-not-permitted",
        `Subject ${subject.qualified} is not in import mode; an id may only be given there`,
      );
    }
    const version = chooseVersion(everyVersion, request, importing);
    const taken = everyVersion.find((candidate) => candidate.version === version);
    if (taken?.id === request.id && taken?.identity === prepared.identity) return readVersion(writer, taken);
    if (taken) {
      throw new RegistryError(
        "operation-not-permitted",
        `Version ${version} of subject ${subject.qualified} holds another schema; import under a free version`,
      );
    }
    if (!importing) {
      const check = { subject: subject.qualified, level, next: prepared, history };
      const refusal = await findRefusal(preparation, writer, check);
      if (refusal) throw incompatible(subject, refusal);
    }
    await requireReferences(writer, prepared);

    const id = await storeSchema(writer, subject, request, prepared);
    const row = { context: subject.context, subject: subject.qualified, version, id, author };
    const registeredAt = await writer.addVersion(row);
    await dropDeletedTwins(writer, subject, everyVersion, id);
    const { schema, references, metadata, guid, identity } = prepared;
    return {
      subject: subject.qualified,
      version,
      id,
      guid,
      identity,
      schema,
      references,
      metadata,
      deleted: false,
      author,
      registeredAt,
    };
  }

  return async (text, request, { author = null }: { readonly author?: string | null } = {}) => {
    const subject = parseSubjectName(text);
    const prepared = await preparation.prepare(subject, request);
    if (request.id === undefined) {
      // Publishing what is there already is the common case, and needs no lock.
      const { identity } = prepared;
      const found = await storage.findVersions({ subject: subject.qualified, identity, visibility: "live" });
      const existing = found.at(-1);
      if (existing) return existing;
    }
    const shared = prepared.references.map((reference) => reference.subject);
    const registered = await storage.serialised({ subject: subject.qualified, shared }, (writer) =>
      join(writer, subject, request, prepared, author),
    );
    if (registered.identity === prepared.identity) preparation.keep(registered, prepared);
    const { version, id } = registered;
    logger.info({ subject: subject.qualified, version, id, author }, "schema version registered");
    return registered;
  };
}

/** The whole of a version whose key was read in this transaction. */
async function readVersion(
  writer: RegistryWriter,
  { subject, version }: VersionKey,
): Promise<SubjectVersion> {
  const [found] = await writer.findVersions({ subject, version, visibility: "all" });
  if (found) return found;
  throw new Error(`version ${version} of ${subject} vanished within a transaction`);
}

function chooseVersion(
  everyVersion: readonly VersionKey[],
  { version }: SchemaRequest,
  importing: boolean,
): number {
  const next = (everyVersion.at(-1)?.version ?? 0) + 1;
  const wanted = version === undefined ? "latest" : parseVersion(version);
  if (wanted === "latest" || wanted === next) return next;
  if (importing) return wanted;
  throw new RegistryError(
    "schema-invalid",
    `Version ${wanted} is not the next one, which is ${next}; leave it out, or use IMPORT mode`,
  );
}

function incompatible(
  subject: SubjectName,
  refusal: NonNullable<Awaited<ReturnType<typeof findRefusal>>>,
): RegistryError {
  return new RegistryError(
    "schema-incompatible",
    "Schema being registered is incompatible with an earlier schema for subject " +
      `"${subject.qualified}", details: [${refusal.messages.join(", ")}]`,
    { refusal },
  );
}

/** They were there when the schema was prepared; here nobody can delete them any more. */
async function requireReferences(writer: RegistryWriter, { references }: PreparedSchema): Promise<void> {
  for (const { subject, version } of references) {
    const found = await writer.listVersions({ subject, version, visibility: "live" });
    if (found.length === 0) {
      throw new RegistryError(
        "schema-invalid",
        `Invalid schema, details: version ${version} of subject "${subject}", which it refers to, was deleted`,
        { invalid: { path: "", rule: "unknown-reference" } },
      );
    }
  }
}

async function storeSchema(
  writer: RegistryWriter,
  { context, qualified }: SubjectName,
  request: SchemaRequest,
  prepared: PreparedSchema,
): Promise<number> {
  const { identity, guid, schema, references, metadata } = prepared;
  const wanted = request.id === undefined ? {} : { id: request.id };
  const id = await writer.addSchema({ context, identity, guid, schema, references, metadata, ...wanted });
  if (id === null) {
    throw new RegistryError(
      "operation-not-permitted",
      `Overwrite new schema with id ${request.id} is not permitted: another schema has that id`,
    );
  }
  if (request.id !== undefined && request.id !== id) {
    throw new RegistryError(
      "id-mismatch",
      `The schema imported into subject ${qualified} is stored under id ${id}, not under ${request.id}`,
    );
  }
  return id;
}

/** A schema that comes back takes the place of its soft-deleted self, unless another schema refers to that version. */
async function dropDeletedTwins(
  writer: RegistryWriter,
  { qualified }: SubjectName,
  everyVersion: readonly VersionKey[],
  id: number,
): Promise<void> {
  for (const { version, deleted, id: old } of everyVersion) {
    if (!deleted || old !== id) continue;
    const refersTo = { subject: qualified, version };
    const referring = await writer.listVersions({ refersTo, visibility: "all", limit: 1 });
    if (referring.length === 0) await writer.purge(qualified, [version]);
  }
}

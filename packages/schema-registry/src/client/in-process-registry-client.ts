import { RegistryError, type RegistryErrorCode } from "../errors.ts";
import type { Registry } from "../registry/registry.ts";
import type { SubjectVersion } from "../registry/subject-version.ts";
import { RegistryStorageUnavailableError } from "../registry/registry-storage.ts";
import {
  InvalidSchemaError,
  RegistryRequestError,
  RegistryUnavailableError,
  SchemaRefusedError,
} from "./registry-client-errors.ts";
import type { RegisteredVersion, RegistryClient, RequestOptions } from "./registry-client.ts";

export interface InProcessRegistryClientOptions {
  /** Who is recorded as the author of what this client registers. */
  readonly author?: string;
}

/** The registry of this process as a {@link RegistryClient}: the same answers and errors without HTTP. */
export function inProcessRegistryClient(
  registry: Registry,
  { author }: InProcessRegistryClientOptions = {},
): RegistryClient {
  const authorship = author === undefined ? {} : { author };

  return {
    register: async (subject, schema, options = {}) =>
      call(subject, options, async () => {
        const references = options.references ?? [];
        const registered = await registry.register(subject, { schema, references }, authorship);
        const warnings = await registry.javaScriptWarnings(subject, registered);
        return { ...registeredVersion(registered), warnings };
      }),

    lookup: async (subject, schema, options = {}) =>
      orNull(["subject-not-found", "schema-not-found"], subject, options, async () => {
        const references = options.references ?? [];
        return registeredVersion(await registry.lookup(subject, { schema, references }));
      }),

    getSchema: async (id, options = {}) =>
      orNull(["schema-not-found"], "", options, async () => (await registry.schemaById(id)).schema),

    getVersion: async (subject, version, options = {}) =>
      orNull(["subject-not-found", "version-not-found"], subject, options, async () =>
        registeredVersion(await registry.getVersion(subject, version)),
      ),

    listVersions: async (subject, options = {}) =>
      (await orNull(["subject-not-found"], subject, options, () => registry.listVersions(subject))) ?? [],

    getCompatibility: async (subject, options = {}) =>
      orNull(["compatibility-not-configured"], subject, options, () => registry.getCompatibility(subject)),

    setCompatibility: async (subject, level, options = {}) =>
      call(subject, options, () => registry.setCompatibility(level, subject)),

    checkCompatibility: async (subject, schema, options = {}) =>
      call(subject, options, async () => {
        const request = { schema, references: options.references ?? [] };
        const refusal = await registry.checkCompatibility(subject, request);
        const warnings = await registry.javaScriptWarnings(subject, request);
        if (refusal === null) return { compatible: true, reasons: [], messages: [], warnings };
        return { compatible: false, reasons: refusal.reasons, messages: refusal.messages, warnings };
      }),

    announceReaders: async (application, readers, options = {}) =>
      call(application, options, async () => {
        await registry.announceReaders(application, readers);
        return true;
      }),
  };
}

async function call<T>(subject: string, { signal }: RequestOptions, operation: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await operation();
  } catch (error) {
    if (error instanceof RegistryError) throw clientError(error, subject);
    if (error instanceof RegistryStorageUnavailableError) {
      throw new RegistryUnavailableError(error.message, { cause: error });
    }
    throw error;
  }
}

async function orNull<T>(
  absent: readonly RegistryErrorCode[],
  subject: string,
  options: RequestOptions,
  operation: () => Promise<T>,
): Promise<T | null> {
  return call(subject, options, async () => {
    try {
      return await operation();
    } catch (error) {
      if (error instanceof RegistryError && absent.includes(error.code)) return null;
      throw error;
    }
  });
}

function clientError(cause: RegistryError, subject: string): RegistryRequestError {
  const { code, errorCode, message, refusal } = cause;
  if (code === "schema-incompatible") {
    return new SchemaRefusedError(message, { errorCode, subject, reasons: refusal?.reasons ?? [], cause });
  }
  if (code === "schema-invalid" || code === "schema-too-large") {
    return new InvalidSchemaError(message, { errorCode, subject, cause });
  }
  return new RegistryRequestError(message, { errorCode, cause });
}

function registeredVersion(found: SubjectVersion): RegisteredVersion {
  const { subject, id, version, schema, references } = found;
  return { subject, id, version, schema, references };
}

import type { SchemaRefusal } from "./registry/schema-refusal.ts";

/** Confluent's error codes by what they mean; the HTTP status is the code's first three digits. */
export const registryErrors = {
  "malformed-body": { errorCode: 400, summary: "the body is not JSON" },
  unauthenticated: { errorCode: 401, summary: "no credential, or one that is not known" },
  forbidden: { errorCode: 403, summary: "the credential has no permission for this subject" },
  "not-found": { errorCode: 404, summary: "no such path" },
  "not-acceptable": { errorCode: 406, summary: "no media type of the answer fits the Accept header" },
  "body-too-large": { errorCode: 413, summary: "the body exceeds the size limit" },
  "url-too-long": { errorCode: 414, summary: "a part of the path exceeds the size limit" },
  "unsupported-media-type": { errorCode: 415, summary: "the body has a media type that is not read" },
  "too-many-logins": { errorCode: 429, summary: "too many passwords wait to be checked" },
  "request-invalid": { errorCode: 422, summary: "a member of the body or the query has the wrong form" },
  "subject-not-found": { errorCode: 40401, summary: "the subject has no version" },
  "version-not-found": { errorCode: 40402, summary: "the subject has no such version" },
  "schema-not-found": { errorCode: 40403, summary: "no schema has this id, or the subject does not hold it" },
  "subject-soft-deleted": { errorCode: 40404, summary: "the subject is soft-deleted already" },
  "subject-not-soft-deleted": { errorCode: 40405, summary: "a permanent delete needs a soft delete first" },
  "version-soft-deleted": { errorCode: 40406, summary: "the version is soft-deleted already" },
  "version-not-soft-deleted": { errorCode: 40407, summary: "a permanent delete needs a soft delete first" },
  "compatibility-not-configured": { errorCode: 40408, summary: "the subject has no level of its own" },
  "application-not-found": { errorCode: 40420, summary: "no application of this name has announced readers" },
  "mode-not-configured": { errorCode: 40409, summary: "the subject has no mode of its own" },
  "schema-incompatible": { errorCode: 40901, summary: "the schema breaks compatibility with a version" },
  "schema-invalid": { errorCode: 42201, summary: "the schema is not valid Avro" },
  "version-invalid": { errorCode: 42202, summary: "not a version number" },
  "compatibility-invalid": { errorCode: 42203, summary: "not a compatibility level" },
  "mode-invalid": { errorCode: 42204, summary: "not a mode" },
  "operation-not-permitted": { errorCode: 42205, summary: "the mode forbids it, or the id is taken" },
  "reference-exists": { errorCode: 42206, summary: "another schema refers to the version" },
  "id-mismatch": { errorCode: 42207, summary: "the schema is stored under another id" },
  "subject-invalid": { errorCode: 42208, summary: "not a usable subject name" },
  "schema-too-large": { errorCode: 42209, summary: "the schema exceeds the size limit" },
  "rule-set-invalid": { errorCode: 42210, summary: "rule sets are not supported" },
  "context-not-empty": { errorCode: 42211, summary: "the context still holds versions" },
} as const;

export type RegistryErrorCode = keyof typeof registryErrors;

interface RegistryErrorOptions extends ErrorOptions {
  /** Why a schema was refused; only with `schema-incompatible`. */
  readonly refusal?: SchemaRefusal;
  /** JSON pointer into the schema, and the broken rule; only with `schema-invalid`. */
  readonly invalid?: { readonly path: string; readonly rule: string };
}

/** The registry says no. `code` is stable; `errorCode` and `status` are what the REST API answers. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: RegistryErrorCode;
  readonly errorCode: number;
  readonly status: number;
  readonly refusal: SchemaRefusal | undefined;
  readonly invalid: RegistryErrorOptions["invalid"];

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.errorCode = registryErrors[code].errorCode;
    this.status = Number(String(this.errorCode).slice(0, 3));
    this.refusal = options.refusal;
    this.invalid = options.invalid;
  }
}

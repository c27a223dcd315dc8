import type { RefusalReason } from "../registry/schema-refusal.ts";

/** The registry does not answer: not reachable, too slow, or 5xx until the retries ran out. Trying later can help. */
export class RegistryUnavailableError extends Error {
  override readonly name = "RegistryUnavailableError";
  readonly code = "registry-unavailable";
  readonly retryable = true;
}

/** The registry refuses the request; `errorCode` is Confluent's, or the HTTP status when the body has none. */
export class RegistryRequestError extends Error {
  override readonly name: string = "RegistryRequestError";
  readonly code: string = "registry-request-refused";
  readonly retryable = false;
  readonly errorCode: number;

  constructor(message: string, options: ErrorOptions & { readonly errorCode: number }) {
    super(message, options);
    this.errorCode = options.errorCode;
  }
}

/** The schema is not compatible with an earlier version of its subject. */
export class SchemaRefusedError extends RegistryRequestError {
  override readonly name = "SchemaRefusedError";
  override readonly code = "schema-refused";
  readonly subject: string;
  /** What is incompatible, where, with which earlier version, and what helps; empty from a registry that gives text only. */
  readonly reasons: readonly RefusalReason[];

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly errorCode: number;
      readonly subject: string;
      readonly reasons: readonly RefusalReason[];
    },
  ) {
    super(message, options);
    this.subject = options.subject;
    this.reasons = options.reasons;
  }
}

/** The schema is not valid Avro. */
export class InvalidSchemaError extends RegistryRequestError {
  override readonly name = "InvalidSchemaError";
  override readonly code = "schema-invalid";
  readonly subject: string;

  constructor(
    message: string,
    options: ErrorOptions & { readonly errorCode: number; readonly subject: string },
  ) {
    super(message, options);
    this.subject = options.subject;
  }
}

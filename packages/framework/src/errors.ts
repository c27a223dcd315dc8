/** How a failed operation is classed: the table below is the one place where a code gets its meaning. */
interface ErrorEntry {
  /** The HTTP status that a problem document for this code carries. */
  readonly status: number;
  /** One short sentence, the same for every occurrence of the code. */
  readonly title: string;
  /** True when the same call can succeed later without a change by its caller. */
  readonly retryable: boolean;
}

/** Every code that the framework raises. Codes are stable: callers and HTTP clients may switch on them. */
export const errorTable = {
  "validation-failed": { status: 400, title: "The input is not valid", retryable: false },
  "stream-name-invalid": { status: 400, title: "The stream name is not valid", retryable: false },
  "stream-not-found": { status: 404, title: "There is no such stream", retryable: false },
  "consistency-token-invalid": {
    status: 400,
    title: "The consistency token is not one of this store",
    retryable: false,
  },
  "aggregate-id-invalid": { status: 400, title: "The aggregate id is not valid", retryable: false },
  "event-invalid": { status: 422, title: "The event does not match its schema or rules", retryable: false },
  "event-too-large": { status: 422, title: "The event or append exceeds its size limit", retryable: false },
  "event-unknown": { status: 500, title: "The event is not defined in this application", retryable: false },
  "event-newer-than-this-node": {
    status: 503,
    title: "The event was written by a newer deployment",
    retryable: true,
  },
  "event-unreadable": {
    status: 503,
    title: "A stored event does not decode",
    retryable: false,
  },
  "event-schema-refused": {
    status: 500,
    title: "The schema registry refuses an event schema",
    retryable: false,
  },
  "event-schema-mismatch": {
    status: 500,
    title: "The registry and the store disagree about an event schema",
    retryable: false,
  },
  "registry-unavailable": { status: 503, title: "The schema registry cannot be reached", retryable: true },
  "definition-invalid": { status: 500, title: "A definition contradicts itself", retryable: false },
  "capability-missing": { status: 500, title: "The event store lacks a needed capability", retryable: false },
  "stale-revision": {
    status: 412,
    title: "The stream has moved on from the expected revision",
    retryable: false,
  },
  conflict: { status: 409, title: "Concurrent writers kept winning", retryable: true },
  "duplicate-event-id": { status: 409, title: "An event with this id is already stored", retryable: false },
  "idempotency-key-invalid": { status: 400, title: "The idempotency key is not valid", retryable: false },
  "idempotency-key-reused": {
    status: 422,
    title: "The idempotency key belongs to another request",
    retryable: false,
  },
  "command-unknown": { status: 404, title: "The aggregate has no such command", retryable: false },
  overloaded: { status: 503, title: "Too much work is queued", retryable: true },
  "in-progress": { status: 409, title: "The first request with this key is still running", retryable: true },
  "outcome-unknown": {
    status: 503,
    title: "The connection was lost before the answer arrived",
    retryable: true,
  },
  "store-unavailable": { status: 503, title: "The event store cannot be reached", retryable: true },
  "log-full": { status: 503, title: "The event store's disk is almost full", retryable: true },
  "store-newer": { status: 500, title: "The store was written by a newer framework", retryable: false },
  "log-diverged": { status: 503, title: "The log is another one than before", retryable: false },
  "projection-unknown": {
    status: 404,
    title: "The application has no such projection version",
    retryable: false,
  },
  "projection-changed": {
    status: 500,
    title: "A projection changed without a new version",
    retryable: false,
  },
  "projection-rebuilding": {
    status: 503,
    title: "The read model is being rebuilt",
    retryable: true,
  },
  "subscription-unknown": {
    status: 404,
    title: "The application has no such subscription",
    retryable: false,
  },
  "subscription-has-parked": {
    status: 409,
    title: "Events of the subscription are parked",
    retryable: false,
  },
  "import-invalid": { status: 400, title: "The export cannot be imported", retryable: false },
  "partition-unknown": { status: 404, title: "The subscription has no such partition", retryable: false },
  "sequence-unknown": { status: 404, title: "No such sequence is parked", retryable: false },
  "build-refused": { status: 409, title: "The build cannot be done now", retryable: false },
  "build-has-parked": {
    status: 409,
    title: "The build is complete, and events of it are parked",
    retryable: false,
  },
  "rebuild-cancelled": { status: 409, title: "The rebuild was cancelled", retryable: false },
  "projection-behind": { status: 503, title: "The read model has not caught up", retryable: true },
  "too-many-waiters": { status: 429, title: "Too many requests wait for a read model", retryable: true },
  "too-many-subscribers": { status: 429, title: "Too many readers follow the log", retryable: true },
  "permit-lost": { status: 503, title: "A semaphore's permit has expired", retryable: true },
  "lease-lost": { status: 503, title: "Another process has taken over", retryable: true },
  "application-closed": { status: 503, title: "The application is shutting down", retryable: true },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** One invalid field: where it is, which rule it breaks, and what to do about it. */
export interface FieldError {
  readonly field: string;
  readonly rule: string;
  readonly message: string;
}

interface TidemarkErrorOptions {
  readonly cause?: unknown;
  readonly errors?: readonly FieldError[];
  /** Facts a program may want: expected and actual revision, lag, retry delay in seconds. JSON-safe. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * A failure of the framework with a stable code from {@link errorTable}.
 *
 * @example
 * if (error instanceof TidemarkError && error.code === "stale-revision") reload();
 */
export class TidemarkError extends Error {
  override readonly name = "TidemarkError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: TidemarkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = errorTable[code].status;
    this.retryable = errorTable[code].retryable;
    this.errors = options.errors ?? [];
    this.details = options.details ?? {};
  }
}

/** What a refusal means to the caller, in words of the domain; HTTP maps them to 422, 404, 409 and 403. */
export type RefusalKind = "rule" | "not-found" | "conflict" | "forbidden";

/**
 * A business rule says no. Thrown by `decide`; recorded under the idempotency key like any answer.
 *
 * @example
 * throw new DomainError("insufficient-funds", "The balance is 3.00, the withdrawal 5.00");
 */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly code: string;
  readonly kind: RefusalKind;
  readonly details: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: { readonly kind?: RefusalKind; readonly details?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.kind = options.kind ?? "rule";
    this.details = options.details ?? {};
  }
}

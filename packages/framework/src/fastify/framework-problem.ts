import { problem, type Problem } from "@tidemark/schema-registry/fastify";
import { DomainError, errorTable, TidemarkError, type RefusalKind } from "../errors.ts";

const refusalStatus = {
  rule: 422,
  "not-found": 404,
  conflict: 409,
  forbidden: 403,
} as const satisfies Record<RefusalKind, number>;

/**
 * The problem document of a refusal or of a failure of the framework; `null` for any other error.
 * A failure that is a fault of the server (status 500) is left to be logged.
 *
 * @example
 * app.register(problemDocuments, { mapError: frameworkProblem });
 */
export function frameworkProblem(error: unknown): Problem | null {
  if (error instanceof DomainError) {
    return problem({
      ...error.details,
      status: refusalStatus[error.kind],
      code: error.code,
      detail: error.message,
    });
  }
  if (!(error instanceof TidemarkError) || error.status === 500) return null;
  const { retryAfterSeconds, ...details } = error.details;
  return problem({
    ...details,
    status: error.status,
    code: error.code,
    title: errorTable[error.code].title,
    detail: error.message,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    ...(typeof retryAfterSeconds === "number" ? { retryAfter: retryAfterSeconds } : {}),
    ...(error.status === 503 && error.retryable && typeof retryAfterSeconds !== "number"
      ? { retryAfter: 1 }
      : {}),
  });
}

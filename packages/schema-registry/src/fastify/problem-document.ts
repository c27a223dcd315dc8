import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** One refused field: where it is (`postings.0.amount`, `query.limit`), which rule it breaks, and the remedy. */
export interface FieldError {
  readonly field: string;
  readonly rule: string;
  readonly message: string;
}

/**
 * An RFC 9457 problem document. `code` is stable and is what programs switch on; further members are extensions.
 * A numeric `retryAfter` (seconds) is also sent as the `Retry-After` header.
 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfter?: number;
  readonly [extension: string]: unknown;
}

interface ProblemOptions {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** One short sentence, the same for every occurrence of the code; the status text when absent. */
  readonly title?: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfter?: number;
  readonly [extension: string]: unknown;
}

export const problemContentType = "application/problem+json; charset=utf-8";

/**
 * Builds a problem document; its type is `urn:tidemark:problem:<code>`.
 *
 * @example
 * problem({ status: 404, code: "account-not-found", detail: "There is no account a-1" });
 */
export function problem({ status, code, detail, title, ...rest }: ProblemOptions): Problem {
  return {
    type: `urn:tidemark:problem:${code}`,
    title: title ?? STATUS_CODES[status] ?? "Request failed",
    status,
    detail,
    code,
    ...rest,
  };
}

/** Answers with the document's status, the problem content type and, if it says so, `Retry-After`. */
export function sendProblem(reply: FastifyReply, document: Problem): FastifyReply {
  if (document.retryAfter !== undefined) {
    reply.header("retry-after", String(Math.max(1, Math.ceil(document.retryAfter))));
  }
  // A serializer turns the document into text here, since the route's response schema knows only its own statuses.
  return reply
    .code(document.status)
    .header("content-type", problemContentType)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(document);
}

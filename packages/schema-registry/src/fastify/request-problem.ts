import { STATUS_CODES } from "node:http";
import type { FastifyError } from "fastify";
import { problem, type FieldError, type Problem } from "./problem-document.ts";

const partNames: Record<string, string> = { querystring: "query", params: "path", headers: "headers" };

/**
 * The problem document for a request that Fastify itself turned down (validation, body, URL, a plugin's 4xx),
 * or null when the error is not about the request.
 */
export function requestProblem(error: unknown): Problem | null {
  if (error instanceof InvalidFieldsError) return fieldProblem(error.errors);
  if (!isFastifyError(error)) return null;
  if (error.validation) return validationProblem(error);
  switch (error.code) {
    case "FST_ERR_CTP_INVALID_JSON_BODY":
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return malformedBody(error.message);
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return problem({
        status: 413,
        code: "body-too-large",
        title: "The body is too large",
        detail: "The request body is larger than this server accepts; send less in one request",
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return problem({
        status: 415,
        code: "unsupported-media-type",
        title: "The media type is not supported",
        detail: "This route does not read that Content-Type; send application/json",
      });
    case "FST_ERR_BAD_URL":
      return problem({
        status: 400,
        code: "malformed-url",
        title: "The URL is malformed",
        detail:
          "The URL holds a percent sequence that is not UTF-8; encode each part with encodeURIComponent",
      });
    case "FST_ERR_MAX_PARAM_LENGTH":
      return problem({
        status: 414,
        code: "url-too-long",
        title: "A part of the URL is too long",
        detail: "A path segment is longer than this server accepts; use a shorter id",
      });
    default:
      return passedOnProblem(error);
  }
}

/** What a plugin (rate limit, authentication, pressure) decided: its status and message stand. */
function passedOnProblem(error: FastifyError): Problem | null {
  const status = error.statusCode;
  if (status === undefined || status < 400 || (status >= 500 && status !== 503)) return null;
  // A content type parser reports bad JSON as a plain SyntaxError with status 400.
  if (error.name === "SyntaxError") return malformedBody(error.message);
  const code = (STATUS_CODES[status] ?? "Request failed").toLowerCase().replaceAll(/[^a-z]+/g, "-");
  return problem({ status, code, detail: error.message });
}

function malformedBody(reason: string): Problem {
  return problem({
    status: 400,
    code: "malformed-body",
    title: "The body is malformed",
    detail: `The body cannot be read as JSON: ${reason}`,
  });
}

/** Fields that break a rule which no schema states; its answer is the same as that to a schema's. */
export class InvalidFieldsError extends Error {
  override readonly name = "InvalidFieldsError";
  readonly statusCode = 400;
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super(describeFields(errors));
    this.errors = errors;
  }
}

function fieldProblem(errors: readonly FieldError[]): Problem {
  const detail = describeFields(errors);
  return problem({
    status: 400,
    code: "validation-failed",
    title: "The request is not valid",
    detail: detail.length > 500 ? `${detail.slice(0, 500)}...` : detail,
    errors,
  });
}

function describeFields(errors: readonly FieldError[]): string {
  return errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
}

function validationProblem({ validation = [], validationContext = "body" }: FastifyError): Problem {
  const part = partNames[validationContext];
  return fieldProblem(
    validation.flatMap(({ instancePath, keyword, message, params }) => {
      const segments = instancePath.split("/").filter((segment) => segment !== "");
      const unknown = params["keys"];
      const paths =
        keyword === "unrecognized_keys" && Array.isArray(unknown)
          ? unknown.map((key) => [...segments, String(key)])
          : [segments];
      return paths.map((path) => ({
        field: (part === undefined ? path : [part, ...path]).join(".") || "body",
        rule: keyword,
        message: message ?? "is not valid",
      }));
    }),
  );
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && ("code" in error || "statusCode" in error || "validation" in error);
}

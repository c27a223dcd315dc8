import type { FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { RegistryError } from "../errors.ts";
import { RegistryStorageUnavailableError } from "../registry/registry-storage.ts";
import { negotiateAnswerType, requestTypes, standardAnswerType } from "./registry-media-type.ts";
import { requestProblem } from "./request-problem.ts";

export interface FailureAnswer {
  readonly status: number;
  readonly body: { readonly error_code: number; readonly message: string };
}

// More than anybody corrects at a time.
const shownFields = 10;

/** Confluent's body for an error, or null for a fault of the server. */
export function registryFailure(error: unknown): FailureAnswer | null {
  if (error instanceof RegistryError) {
    const { status, errorCode, message, refusal, invalid } = error;
    const reasons = refusal && { incompatibilities: refusal.reasons };
    return { status, body: { error_code: errorCode, message, ...reasons, ...invalid } };
  }
  if (error instanceof RegistryStorageUnavailableError) {
    return failure(503, `${error.message}; send the request again`);
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.slice(0, shownFields).map(({ instancePath, message }) => {
      const field = instancePath.split("/").filter(Boolean).join(".");
      return field === "" ? message : `${field}: ${message}`;
    });
    const more = error.validation.length - fields.length;
    return failure(422, `${fields.join("; ")}${more > 0 ? `; and ${more} more` : ""}`);
  }
  const known = requestProblem(error);
  if (!known) return null;
  if (known.status === 415) {
    return failure(415, `HTTP 415 Unsupported Media Type; send ${requestTypes.slice(0, 3).join(", ")}`);
  }
  return failure(known.status, known.detail);
}

/** Answers an error; what is not the request's fault is logged and kept from the caller. */
export function sendRegistryFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = registryFailure(error);
  if (!known) request.log.error({ err: error }, "a registry request failed for a reason that is not its own");
  return sendFailure(
    request,
    reply,
    known ?? failure(500, "The registry met a fault of its own; its log has the reason"),
  );
}

export function sendFailure(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, body }: FailureAnswer,
): FastifyReply {
  if (status === 503 || status === 429) reply.header("retry-after", "1");
  if (status === 401)
    reply.header("www-authenticate", 'Basic realm="schema registry", charset="UTF-8", Bearer');
  // Fastify drops the type that was set before the error.
  const type = negotiateAnswerType(request.headers.accept) ?? standardAnswerType;
  return reply.code(status).type(type).send(body);
}

function failure(status: number, message: string): FailureAnswer {
  return { status, body: { error_code: status, message } };
}

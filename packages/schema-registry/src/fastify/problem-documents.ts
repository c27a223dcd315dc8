import type { FastifyReply, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import type { Logger } from "../logger.ts";
import { problem, sendProblem, type Problem } from "./problem-document.ts";
import { InvalidFieldsError, requestProblem } from "./request-problem.ts";
import { findUnstorableText } from "./unstorable-text.ts";

export interface ProblemDocumentsOptions {
  /** Turns an error of the application into its document; null for an error that it does not know. */
  readonly mapError?: (error: unknown, request: FastifyRequest) => Problem | null;
  /** Where unexpected errors go; the request's own log when absent. */
  readonly logger?: Pick<Logger, "error">;
}

/**
 * Makes every error answer of the instance an RFC 9457 problem document: invalid fields, malformed or oversized
 * bodies, unknown routes, and the application's own errors through `mapError`. What nobody maps is a fault of the
 * server: logged with the request's id and answered 500 `internal-error` without its message. Text that cannot be
 * stored (NUL, lone surrogates) is refused before any handler runs.
 *
 * Malformed URLs and broken HTTP never reach a plugin: also give {@link problemServerOptions} to `Fastify()`.
 *
 * @example
 * const app = Fastify(problemServerOptions());
 * app.register(problemDocuments, { mapError: (error) => (error instanceof MyError ? problem({ ... }) : null) });
 */
export const problemDocuments = fastifyPlugin<ProblemDocumentsOptions>(
  (fastify, { mapError, logger }, done) => {
    fastify.addHook("preValidation", (request, _reply, next) => {
      const errors = [
        ...findUnstorableText(request.params, "path"),
        ...findUnstorableText(request.query, "query"),
        ...findUnstorableText(request.body, ""),
      ];
      // As an error: a plugin inside may have an answer format of its own.
      next(errors.length > 0 ? new InvalidFieldsError(errors) : undefined);
    });

    fastify.setErrorHandler((error: unknown, request, reply) => {
      const known = mapError?.(error, request) ?? requestProblem(error);
      if (known) return sendProblem(reply, known);
      const fields = { err: error, requestId: request.id, method: request.method, url: request.url };
      (logger ?? request.log).error(fields, "a request failed for a reason that is not its own");
      return sendProblem(reply, internalProblem(request.id));
    });

    fastify.setNotFoundHandler((request, reply) => sendRouteNotFound(request, reply));
    done();
  },
  { name: "tidemark-problem-documents" },
);

function sendRouteNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?", 1)[0] ?? "";
  return sendProblem(
    reply,
    problem({
      status: 404,
      code: "route-not-found",
      title: "There is no such route",
      detail: `There is no route ${request.method} ${path.slice(0, 200)}`,
    }),
  );
}

function internalProblem(requestId: string): Problem {
  return problem({
    status: 500,
    code: "internal-error",
    title: "The server failed",
    detail: "The server met a fault of its own; its log has the reason under this request id",
    requestId,
  });
}

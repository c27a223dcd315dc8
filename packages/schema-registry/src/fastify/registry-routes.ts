import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { RegistryError } from "../errors.ts";
import type { Registry } from "../registry/registry.ts";
import { guardAccess, type RegistryAccess } from "./registry-access.ts";
import { compatibilityRoutes } from "./registry-compatibility-routes.ts";
import { configRoutes } from "./registry-config-routes.ts";
import { applyContextPrefix } from "./registry-context-prefix.ts";
import { sendRegistryFailure } from "./registry-failure.ts";
import { negotiateAnswerType, requestTypes, standardAnswerType } from "./registry-media-type.ts";
import { metadataRoutes } from "./registry-metadata-routes.ts";
import { diffRoute } from "./diff-route.ts";
import { readerRoutes } from "./reader-routes.ts";
import type { RouteScope } from "./registry-route-host.ts";
import { parseRequestBody } from "./request-body.ts";
import { schemaRoutes } from "./registry-schema-routes.ts";
import { subjectRoutes, versionRoutes } from "./registry-subject-routes.ts";
import { transferRoutes } from "./transfer-routes.ts";
import { validatorCompiler } from "./validator-compiler.ts";

export interface RegistryRoutesOptions {
  readonly registry: Registry;
  /** Who may call; on loopback everybody by default, elsewhere nobody. */
  readonly access?: RegistryAccess;
  /** Whom to record as the author of what a request registers; by default the name of the caller's credential. */
  readonly authorOf?: (request: FastifyRequest) => string | null;
  /** Bytes of a request body; 4 MiB by default, as a schema is a string within JSON. */
  readonly bodyLimit?: number;
}

/**
 * The Confluent Schema Registry REST API for Avro, with its media types, errors and unknown-path answers, encapsulated:
 * nothing else on the server changes. Under a server of your own give `Fastify()` the router options of
 * {@link registryServerOptions}, and register under a prefix.
 *
 * @example
 * app.register(registryRoutes, { prefix: "/registry", registry });
 */
export const registryRoutes: FastifyPluginAsync<RegistryRoutesOptions> = async (fastify, options) => {
  const { registry, access = "loopback", bodyLimit = 4 * 1_048_576 } = options;
  const callers = guardAccess(fastify, { registry, access });
  const { authorOf = callers.nameOf } = options;

  fastify.removeAllContentTypeParsers();
  // Java sends a Content-Type with DELETE and no body.
  fastify.addContentTypeParser(
    [...requestTypes],
    { parseAs: "string", bodyLimit },
    (_request, text, done) => {
      try {
        done(null, parseRequestBody(String(text)));
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  );

  fastify.addHook("onRequest", async (request, reply) => {
    const type = negotiateAnswerType(request.headers.accept);
    if (type === null) {
      throw new RegistryError(
        "not-acceptable",
        `HTTP 406 Not Acceptable; send Accept: ${standardAnswerType}`,
      );
    }
    reply.type(type);
  });
  fastify.setErrorHandler((error, request, reply) => sendRegistryFailure(error, request, reply));
  fastify.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const error = new RegistryError(
      "not-found",
      `HTTP 404 Not Found: ${request.method} ${path.slice(0, 200)}`,
    );
    return sendRegistryFailure(error, request, reply);
  });

  fastify.setValidatorCompiler(validatorCompiler);
  // The response schemas are for the documentation; checking each answer would cost as much as making it.
  fastify.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const scope = { routes: fastify.withTypeProvider<ZodTypeProvider>(), registryOf: callers.registryOf };
  addRoutes(scope, authorOf);
  metadataRoutes(scope);
  readerRoutes(scope);
  transferRoutes(scope);

  await fastify.register(
    async (contextual) => {
      contextual.addHook("onRoute", (route) => {
        route.schema = { ...route.schema, hide: true };
      });
      contextual.addHook("preValidation", applyContextPrefix);
      addRoutes({ ...scope, routes: contextual.withTypeProvider<ZodTypeProvider>() }, authorOf);
    },
    { prefix: "/contexts/:context" },
  );
};

function addRoutes(scope: RouteScope, authorOf: (request: FastifyRequest) => string | null): void {
  subjectRoutes(scope, authorOf);
  versionRoutes(scope);
  diffRoute(scope);
  schemaRoutes(scope);
  compatibilityRoutes(scope);
  configRoutes(scope);
}

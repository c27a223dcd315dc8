import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from "fastify";
import { registryRoutes, type RegistryRoutesOptions } from "./registry-routes.ts";
import { standardAnswerType } from "./registry-media-type.ts";
import { registryFailure, sendFailure } from "./registry-failure.ts";
import { answerBrokenHttp } from "./problem-server-options.ts";

export interface RegistryServerOptions extends RegistryRoutesOptions {
  /** A pino-like logger; nothing is logged without one. */
  readonly logger?: FastifyBaseLogger;
}

/** What `Fastify()` needs for the registry's clients: Java's trailing slashes, long percent-encoded subjects. */
export function registryServerOptions(): Pick<
  FastifyServerOptions,
  "routerOptions" | "frameworkErrors" | "clientErrorHandler"
> {
  return {
    // 512 characters of a subject, each of up to four bytes, percent-encoded.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 6_144 },
    frameworkErrors: (error, request, reply) => {
      sendFailure(request, reply, registryFailure(error) ?? brokenRequest);
    },
    clientErrorHandler: (error, socket) => {
      answerBrokenHttp(error, socket, standardAnswerType, ({ status, detail }) => ({
        error_code: status,
        message: detail,
      }));
    },
  };
}

const brokenRequest = { status: 400, body: { error_code: 400, message: "This is not a request of the API" } };

/**
 * A server with the registry and nothing else; the caller listens and closes.
 *
 * @example
 * const server = createRegistryServer({ registry });
 * await server.listen({ host: "127.0.0.1", port: 8081 });
 */
export function createRegistryServer({ logger, ...options }: RegistryServerOptions): FastifyInstance {
  const server = Fastify({
    ...registryServerOptions(),
    ...(logger && { loggerInstance: logger }),
    // A subscriber's keep-alive connection must not hold the process for a minute after close().
    forceCloseConnections: "idle",
  });
  server.register(registryRoutes, options);
  return server;
}

import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from "fastify";
import { Registry as Metrics } from "prom-client";
import { openApiTransform } from "./decimal-codec.ts";
import { drainConnections } from "./drain-connections.ts";
import { answerBrokenHttp } from "./problem-server-options.ts";
import { guardAccess } from "./registry-access.ts";
import { registryFailure, sendFailure, sendRegistryFailure } from "./registry-failure.ts";
import { registryHealthRoutes } from "./registry-health-routes.ts";
import { standardAnswerType } from "./registry-media-type.ts";
import { registryMetrics } from "./registry-metrics.ts";
import { registryRoutes, type RegistryRoutesOptions } from "./registry-routes.ts";

export interface RegistryServerOptions extends RegistryRoutesOptions {
  /** A pino-like logger; nothing is logged without one. */
  readonly logger?: FastifyBaseLogger;
  /** What `GET /metrics` answers, besides what is measured here; a registry of prom-client. */
  readonly metrics?: Metrics;
  /** Resolves when the registry can serve; by default a read of its level. */
  readonly isReady?: () => Promise<unknown>;
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
 * A server with the registry, `/metrics`, `/health/live`, `/health/ready` and the OpenAPI page at `/docs`; the caller
 * listens and closes. Without credentials it serves this machine only.
 *
 * @example
 * const server = createRegistryServer({ registry });
 * await server.listen({ host: "127.0.0.1", port: 8081 });
 */
export function createRegistryServer(options: RegistryServerOptions): FastifyInstance {
  const { logger, metrics = new Metrics(), isReady, ...routes } = options;
  const { registry, access = "loopback" } = routes;
  const server = Fastify({
    ...registryServerOptions(),
    ...(logger && { loggerInstance: logger }),
    forceCloseConnections: "idle",
    // What still arrives on an open connection is served, and told that it was the last.
    return503OnClosing: false,
  });
  server.register(drainConnections);
  server.register(registryMetrics, { metrics });
  server.register(fastifySwagger, {
    openapi: {
      info: {
        title: "Schema registry",
        description: "The Confluent Schema Registry API for Avro, and what it lacks",
        version: "1",
      },
      components: {
        securitySchemes: {
          basic: { type: "http", scheme: "basic" },
          bearer: { type: "http", scheme: "bearer" },
        },
      },
      ...(typeof access === "object" && { security: [{ basic: [] }, { bearer: [] }] }),
    },
    transform: openApiTransform,
  });
  server.register(registryHealthRoutes, { isReady: isReady ?? (() => registry.getCompatibility()) });
  server.register(registryRoutes, routes);
  server.register(async (operations) => {
    guardAccess(operations, { registry, access });
    operations.setErrorHandler((error, request, reply) => sendRegistryFailure(error, request, reply));
    operations.get(
      "/metrics",
      { schema: { tags: ["operations"], summary: "Measurements for Prometheus" } },
      async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
    );
    await operations.register(fastifySwaggerUi, { routePrefix: "/docs" });
  });
  return server;
}

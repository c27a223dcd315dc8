import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import type { Application } from "@tidemark/framework";
import { frameworkProblem, healthRoutes, metricsRoutes, statusRoutes } from "@tidemark/framework/fastify";
import {
  drainConnections,
  openApiTransform,
  problemDocuments,
  problemServerOptions,
  validatorCompiler,
} from "@tidemark/schema-registry/fastify";
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { LedgerAggregates } from "../app.ts";
import { accountRoutes } from "./account-routes.ts";
import { journalRoutes } from "./journal-routes.ts";
import { trialBalanceRoute } from "./trial-balance-route.ts";

/** The ledger's HTTP API with its OpenAPI page at `/docs`. Listening is the caller's. */
export async function buildServer(options: {
  readonly application: Application<LedgerAggregates>;
  readonly logger: FastifyBaseLogger;
  /** Which store keeps the events: shown by the health routes. */
  readonly eventStore: "postgresql" | "kurrentdb";
}): Promise<FastifyInstance> {
  const { application, logger, eventStore } = options;
  const app = Fastify({
    ...problemServerOptions(),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Ends idle keep-alive connections on close, so that Ctrl-C does not wait for browsers.
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  app.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler);
  parseJsonBodies(app);
  await app.register(drainConnections);
  await app.register(problemDocuments, { mapError: frameworkProblem });
  await app.register(fastifySwagger, {
    openapi: {
      info: { title: "Ledger", description: "A double-entry ledger on Tidemark", version: "0.1.0" },
    },
    transform: openApiTransform,
  });
  await app.register(fastifySwaggerUi, { routePrefix: "/docs" });
  await app.register(healthRoutes, { application, details: { eventStore } });
  await app.register(metricsRoutes, { application });
  await app.register(statusRoutes, { application });
  await app.register(accountRoutes, { application });
  await app.register(journalRoutes, { application });
  await app.register(trialBalanceRoute, { application });
  return app;
}

/**
 * An empty body counts as none: many clients send the JSON type with every POST, also where there is nothing to say.
 * Bytes that are no UTF-8 are refused; Fastify's own parser would store other characters in their place.
 */
function parseJsonBodies(app: FastifyInstance): void {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    try {
      void parseJson(request, utf8.decode(body), done);
    } catch (cause) {
      done(Object.assign(new SyntaxError("it is not UTF-8", { cause }), { statusCode: 400 }));
    }
  });
}

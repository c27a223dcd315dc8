import type { FastifyInstance } from "fastify";
import type { Application } from "../application/application.ts";
import { guardOperatorRoutes, type OperatorAccess } from "./loopback-only.ts";

export interface OperatorRoutesOptions {
  readonly application: Pick<Application, "operations">;
  /** Default `"loopback"`. */
  readonly access?: OperatorAccess;
}

/**
 * `GET /metrics` for Prometheus: lags, dead letters, owners, rebuilds, appends, commands, pools and the process.
 * docs/operations has the rules that raise alarms.
 *
 * @example
 * app.register(metricsRoutes, { application });
 */
export function metricsRoutes(
  fastify: FastifyInstance,
  { application, access = "loopback" }: OperatorRoutesOptions,
  done: () => void,
): void {
  guardOperatorRoutes(fastify, access);
  fastify.get(
    "/metrics",
    { schema: { tags: ["operations"], summary: "Metrics for Prometheus" } },
    async (_, reply) => {
      const { metrics } = application.operations;
      return reply.header("content-type", metrics.contentType).send(await metrics.text());
    },
  );
  done();
}

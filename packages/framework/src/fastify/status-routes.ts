import type { FastifyInstance } from "fastify";
import { guardOperatorRoutes } from "./loopback-only.ts";
import type { OperatorRoutesOptions } from "./metrics-routes.ts";

/**
 * `GET /operations/status` for people: what each projection and subscription does, its lag, its owners and what holds
 * it up, with the queries that stall it. Positions are decimal strings.
 *
 * @example
 * app.register(statusRoutes, { application });
 */
export function statusRoutes(
  fastify: FastifyInstance,
  { application, access = "loopback" }: OperatorRoutesOptions,
  done: () => void,
): void {
  guardOperatorRoutes(fastify, access);
  fastify.get(
    "/operations/status",
    { schema: { tags: ["operations"], summary: "Lags, owners, dead letters, rebuilds, stalls" } },
    async (_, reply) => {
      const status = await application.operations.status();
      const text = JSON.stringify(status, (_key, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      );
      return reply.header("content-type", "application/json; charset=utf-8").send(text);
    },
  );
  done();
}

import type { FastifyInstance } from "fastify";
import type { Application } from "../application/application.ts";

export interface HealthRoutesOptions {
  readonly application: Pick<Application, "isReady">;
  /** Told with readiness, for operators; anybody may read it. */
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * `GET /health/live` (the process runs) and `GET /health/ready` (the store answers and every projection that this
 * code defines has a read model), 200 or 503. They ask for no credential.
 */
export function healthRoutes(
  fastify: FastifyInstance,
  { application, details = {} }: HealthRoutesOptions,
  done: () => void,
): void {
  fastify.get("/health/live", { schema: { tags: ["operations"] } }, async () => ({ status: "live" }));
  fastify.get("/health/ready", { schema: { tags: ["operations"] } }, async (_, reply) => {
    const ready = await application.isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not-ready", ...details });
  });
  done();
}

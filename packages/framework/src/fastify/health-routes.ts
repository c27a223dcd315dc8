import type { FastifyInstance } from "fastify";
import type { Application } from "../application/application.ts";

export interface HealthRoutesOptions {
  readonly application: Pick<Application, "unreadiness">;
  /** Told with readiness, for operators; anybody may read it. */
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * `GET /health/live` (the process runs) and `GET /health/ready` (the store answers and every projection that this
 * code defines has a read model of this log), 200 or 503 with a `reason`. They ask for no credential.
 */
export function healthRoutes(
  fastify: FastifyInstance,
  { application, details = {} }: HealthRoutesOptions,
  done: () => void,
): void {
  fastify.get("/health/live", { schema: { tags: ["operations"] } }, async () => ({ status: "live" }));
  fastify.get("/health/ready", { schema: { tags: ["operations"] } }, async (_, reply) => {
    const reason = await application.unreadiness();
    if (reason === null) return reply.send({ status: "ready", ...details });
    return reply.code(503).send({ status: "not-ready", reason, ...details });
  });
  done();
}

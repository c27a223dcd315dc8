import { setTimeout as delay } from "node:timers/promises";
import type { FastifyPluginAsync } from "fastify";

export interface RegistryHealthOptions {
  /** Resolves when the registry can serve. */
  readonly isReady: () => Promise<unknown>;
}

// Shorter than what orchestrators wait for an answer.
const patienceMs = 2_000;

/**
 * `GET /health/live` (the process answers) and `GET /health/ready` (so does its database), 200 or 503. They ask for no
 * credential and tell nothing else.
 */
export const registryHealthRoutes: FastifyPluginAsync<RegistryHealthOptions> = async (
  fastify,
  { isReady },
) => {
  const schema = { tags: ["operations"] };
  fastify.get("/health/live", { schema: { ...schema, summary: "The process runs" } }, async () => ({
    status: "live",
  }));
  fastify.get(
    "/health/ready",
    { schema: { ...schema, summary: "The registry and its database answer" } },
    async (request, reply) => {
      const ready = await Promise.race([
        isReady().then(
          () => true,
          (error: unknown) => {
            request.log.warn({ err: error }, "the registry is not ready");
            return false;
          },
        ),
        delay(patienceMs, false, { ref: false }),
      ]);
      return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not-ready" });
    },
  );
};

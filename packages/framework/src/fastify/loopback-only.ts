import { problem, sendProblem } from "@tidemark/schema-registry/fastify";
import { isLoopback } from "@tidemark/schema-registry/security";
import type { FastifyInstance } from "fastify";

/**
 * Who may read what is for operators: everybody on this machine (`"loopback"`: a server that listens elsewhere too
 * refuses), or whoever reaches the route, since the server around it has decided already (`"host"`).
 */
export type OperatorAccess = "loopback" | "host";

/** Refuses the instance's routes with 403 while its server can be reached from other machines. */
export function guardOperatorRoutes(fastify: FastifyInstance, access: OperatorAccess): void {
  if (access === "host") return;
  fastify.addHook("onRequest", async (_, reply) => {
    // An injected request comes from this process, and a UNIX socket from this machine.
    const isOpen = fastify
      .addresses()
      .some((address) => address !== null && typeof address !== "string" && !isLoopback(address.address));
    if (!isOpen) return;
    return sendProblem(
      reply,
      problem({
        status: 403,
        code: "forbidden",
        detail:
          "This server can be reached from other machines, so what is for operators is closed: put a check of " +
          'credentials before these routes and register them with access: "host".',
      }),
    );
  });
}

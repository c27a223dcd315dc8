import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Application } from "../application/application.ts";
import { TidemarkError } from "../errors.ts";
import type { AnyProjection } from "../projection/any-projection.ts";
import type { ReadModel } from "../projection/read-model.ts";

/** The headers that {@link queryRequest} reads: give them to a route's schema to see them in its OpenAPI page. */
export const queryHeaders = z.object({
  "consistency-token": z.string().optional().describe("As a write answered it: the query sees that write"),
  prefer: z
    .string()
    .optional()
    .describe("wait=<seconds>: how long to wait for that write, 5 by default, 60 at most"),
});

const maxWaitSeconds = 60;

/**
 * The read model for an HTTP request: honours `Consistency-Token` and `Prefer: wait=<seconds>`, and answers
 * `Projection-State` when the model is anything but current.
 *
 * @example
 * const { db } = await queryRequest(application, request, reply, balances);
 */
export async function queryRequest<P extends AnyProjection>(
  application: Pick<Application, "query">,
  request: Pick<FastifyRequest, "headers">,
  reply: Pick<FastifyReply, "header">,
  projection: P,
  options: { readonly reads?: readonly number[] } = {},
): Promise<ReadModel<P>> {
  const consistencyToken = request.headers["consistency-token"];
  const readModel = await application.query(projection, {
    ...options,
    ...(consistencyToken === undefined ? {} : { consistencyToken: String(consistencyToken) }),
    waitSeconds: waitSeconds(request.headers.prefer),
  });
  if (readModel.state !== "current") reply.header("projection-state", readModel.state);
  return readModel;
}

/** `Prefer` may carry other preferences, which are ignored as RFC 7240 says; a `wait` that is no number is refused. */
function waitSeconds(prefer: string | string[] | undefined): number {
  const preferences = [prefer ?? []].flat().join(",").split(",");
  for (const preference of preferences) {
    const [name = "", value = ""] = preference.split("=", 2).map((part) => part.trim());
    if (name.toLowerCase() !== "wait") continue;
    const seconds = /^"?(\d{1,6})"?(?:\s*;.*)?$/.exec(value)?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds), maxWaitSeconds);
    const message = "wait must be a whole number of seconds, for example wait=5";
    throw new TidemarkError("validation-failed", `The header Prefer: ${message}.`, {
      errors: [{ field: "headers.prefer", rule: "format", message }],
    });
  }
  return 5;
}

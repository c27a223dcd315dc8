import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AnyAggregate, CommandInput, CommandName } from "../aggregate/define-aggregate.ts";
import type { Application } from "../application/application.ts";
import type { CommandResult } from "../command/command-result.ts";
import { TidemarkError } from "../errors.ts";

/** The headers that {@link executeRequest} reads: give them to a route's schema to see them in its OpenAPI page. */
export const commandHeaders = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .describe("The same key and request give the first answer again for 24 hours"),
  "if-match": z.string().optional().describe('The revision that the caller has seen, as an ETag: "3"'),
});

/**
 * Runs a command for an HTTP request: takes `Idempotency-Key`, `If-Match` and `traceparent` from its headers,
 * answers `ETag` and `Consistency-Token`. The body stays the route's own.
 *
 * @example
 * app.post("/accounts/:id/close", (request, reply) =>
 *   executeRequest(application, request, reply, Account, request.params.id, "close", {}));
 */
export async function executeRequest<
  Aggregates extends readonly AnyAggregate[],
  A extends Aggregates[number],
  Command extends CommandName<A>,
>(
  application: Application<Aggregates>,
  request: Pick<FastifyRequest, "headers">,
  reply: Pick<FastifyReply, "header">,
  aggregate: A,
  id: string | null,
  command: Command,
  input: CommandInput<A, Command>,
  options: { readonly principal?: string; readonly tenant?: string } = {},
): Promise<CommandResult> {
  const { headers } = request;
  const idempotencyKey = single(headers["idempotency-key"]);
  const ifMatch = single(headers["if-match"]);
  const traceparent = single(headers["traceparent"]);
  const result = await application.execute(aggregate, id, command, input, {
    ...options,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(ifMatch === undefined ? {} : { expectedRevision: revisionOf(ifMatch) }),
    ...(traceparent === undefined || !isTraceparent(traceparent) ? {} : { metadata: { traceparent } }),
  });
  reply.header("etag", `"${result.revision}"`);
  reply.header("consistency-token", result.consistencyToken);
  return result;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}

function revisionOf(ifMatch: string): bigint {
  // "-1" is the ETag of an aggregate without events.
  const match = /^"(-1|\d{1,18})"$/.exec(ifMatch.trim());
  if (match?.[1] !== undefined) return BigInt(match[1]);
  const message = 'must be one revision in double quotes, for example "3"';
  throw new TidemarkError("validation-failed", `The header If-Match ${message}.`, {
    errors: [{ field: "headers.if-match", rule: "format", message }],
  });
}

/** Anything else is dropped, as the W3C recommendation says: a broken trace must not break a request. */
function isTraceparent(header: string): boolean {
  return /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header);
}

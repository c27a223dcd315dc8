import { Readable } from "node:stream";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { TransferEntry } from "../transfer/transfer-entry.ts";
import { formatTransferLine, readTransferLines } from "../transfer/transfer-line.ts";
import { answers } from "./registry-answer-schema.ts";
import { importQuery } from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

const linesType = "application/x-ndjson";

const importAnswer = answers(
  z.object({
    dryRun: z.boolean(),
    versions: z.object({ added: z.number().int(), present: z.number().int() }),
    settings: z.object({
      added: z.number().int(),
      present: z.number().int(),
      differing: z
        .array(z.string())
        .readonly()
        .describe("Scopes that are configured otherwise here, and stay so"),
    }),
  }),
);

/** A whole registry out and in, as JSON lines: not of Confluent's API. */
export function transferRoutes({ routes, registryOf }: RouteScope): void {
  const tags = ["transfer"];

  routes.get(
    "/export",
    { schema: { tags, summary: "The whole registry as JSON lines, as of one moment" } },
    (request, reply) => {
      const lines = portions(registryOf(request).exportAll());
      return reply.type(linesType).send(Readable.from(lines, { objectMode: false }));
    },
  );

  routes.register(async (fastify) => {
    // Read line by line below: an export may be larger than any limit of a body.
    fastify.addContentTypeParser(linesType, (_request, payload, done) => done(null, payload));
    fastify.withTypeProvider<ZodTypeProvider>().post(
      "/import",
      {
        schema: {
          tags,
          summary: "Add what an export holds, with its ids: all or nothing",
          consumes: [linesType],
          querystring: importQuery,
          response: importAnswer,
        },
      },
      async (request) => {
        const { dryRun } = request.query;
        try {
          // Leaving the loop must not close the connection: the reason is still to be answered on it.
          const body = request.raw.iterator({ destroyOnReturn: false });
          const summary = await registryOf(request).importAll(readTransferLines(body), { dryRun });
          return { dryRun, ...summary };
        } finally {
          request.raw.resume();
        }
      },
    );
  });
}

const portionSize = 65_536;

/** Lines in portions: a write for each would cost more than making it. */
async function* portions(entries: AsyncIterable<TransferEntry>): AsyncGenerator<string> {
  let text = "";
  for await (const entry of entries) {
    text += formatTransferLine(entry);
    if (text.length < portionSize) continue;
    yield text;
    text = "";
  }
  yield text;
}

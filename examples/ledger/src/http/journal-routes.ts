import type { Application } from "@tidemark/framework";
import { commandHeaders, executeRequest, problemResponses } from "@tidemark/framework/fastify";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { LedgerAggregates } from "../app.ts";
import { JournalEntry } from "../domain/journal-entry.ts";
import { identifier } from "../domain/names.ts";
import { written, writtenBody } from "./written.ts";

/** Entries of the general journal. */
export function journalRoutes(
  fastify: FastifyInstance,
  { application }: { readonly application: Application<LedgerAggregates> },
  done: () => void,
): void {
  fastify.withTypeProvider<ZodTypeProvider>().post(
    "/journal-entries",
    {
      schema: {
        tags: ["journal"],
        summary: "Record an entry; its postings, at cost, sum to zero in each currency",
        headers: commandHeaders,
        body: JournalEntry.commands.record.input.extend({ entryId: identifier.optional() }),
        response: { 201: written.extend({ entryId: z.string() }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { entryId = null, ...input } = request.body;
      const result = await executeRequest(
        application,
        request,
        reply,
        JournalEntry,
        entryId,
        "record",
        input,
      );
      return reply.code(201).send({ entryId: result.aggregateId, ...writtenBody(result) });
    },
  );
  done();
}

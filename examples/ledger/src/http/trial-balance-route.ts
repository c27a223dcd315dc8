import type { Application } from "@tidemark/framework";
import { problemResponses, queryHeaders, queryRequest } from "@tidemark/framework/fastify";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { trialBalance } from "../projections/trial-balance.ts";

/** The trial balance over the bank's accounts and the journal. */
export function trialBalanceRoute(
  fastify: FastifyInstance,
  { application }: { readonly application: Pick<Application, "query"> },
  done: () => void,
): void {
  fastify.withTypeProvider<ZodTypeProvider>().get(
    "/trial-balance",
    {
      schema: {
        tags: ["reports"],
        summary: "Every account's balance; each currency sums to zero",
        headers: queryHeaders,
        response: {
          200: z.object({
            items: z.array(z.object({ account: z.string(), currency: z.string(), balance: z.string() })),
          }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { db } = await queryRequest(application, request, reply, trialBalance);
      const items = await db
        .selectFrom("trial_balance")
        .select(["account", "currency", "balance"])
        .orderBy("account")
        .orderBy("currency")
        .execute();
      return { items };
    },
  );
  done();
}

import { z } from "zod";

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What is wrong and what to do about it"),
    code: z.string().describe("Stable: what programs switch on"),
    errors: z.array(z.object({ field: z.string(), rule: z.string(), message: z.string() })).optional(),
  })
  .describe("A problem document (RFC 9457)");

/**
 * The error answers of every route, for its OpenAPI page.
 *
 * @example
 * schema: { response: { 201: created, ...problemResponses } }
 */
export const problemResponses = { "4xx": problem, 503: problem } as const;

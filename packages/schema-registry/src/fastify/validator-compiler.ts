import type { FastifySchemaCompiler } from "fastify";
import { validatorCompiler as zodValidatorCompiler } from "fastify-type-provider-zod";
import type { z } from "zod";
import { parseGuarded, unreadable } from "../validation/parse-guarded.ts";

/** For `setValidatorCompiler` of a server whose routes have zod schemas: what is not valid is answered with 400, whatever it is. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = (route) => {
  const parse = zodValidatorCompiler(route);
  const refuse = zodValidatorCompiler({ ...route, schema: unreadable });
  return (data: unknown) => parseGuarded({ parse, isRefusal: isRefused, refuse: () => refuse(data) }, data);
};

function isRefused(result: unknown): boolean {
  return typeof result === "object" && result !== null && "error" in result && result.error !== undefined;
}

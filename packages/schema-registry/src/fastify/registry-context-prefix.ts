import type { FastifyRequest } from "fastify";
import { contextScope, defaultContext, parseContextName } from "../registry/subject-name.ts";

/**
 * Makes a request below `/contexts/{context}` the same as one that spells the context out: subjects become
 * `:.context:subject`, lists and ids are looked for in the context, and `/config` and `/mode` are the context's own.
 *
 * @throws RegistryError `subject-invalid`
 */
export async function applyContextPrefix(request: FastifyRequest): Promise<void> {
  const params = members(request.params);
  const query = members(request.query);
  const context = parseContextName(textOf(params["context"]));
  if (context === defaultContext) return;
  const scope = contextScope(context);
  const within = (name: unknown): string => {
    const text = textOf(name);
    return text.startsWith(":.") || text.startsWith(":*:") ? text : `${scope}${text}`;
  };
  request.params = { ...params, subject: within(params["subject"]) };
  request.query = {
    ...query,
    subject: within(query["subject"]),
    subjectPrefix: within(query["subjectPrefix"]),
  };
}

function members(part: unknown): Readonly<Record<string, unknown>> {
  return typeof part === "object" && part !== null ? { ...part } : {};
}

/** Of a parameter that is repeated the last counts. */
function textOf(value: unknown): string {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === "string" ? last : "";
}

import { parseVersion } from "../registry/version-number.ts";
import { verdictAnswer } from "./registry-answer.ts";
import { verdictSchema } from "./registry-answer-schema.ts";
import { schemaBody, schemaQuery, schemaRequest, subjectParams, versionParams } from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

/** `/compatibility`: what a publish would say, without publishing. The reasons come with or without `verbose`. */
export function compatibilityRoutes({ routes, registryOf }: RouteScope): void {
  const about = {
    tags: ["compatibility"],
    querystring: schemaQuery,
    body: schemaBody,
    response: verdictSchema,
  };

  routes.post(
    "/compatibility/subjects/:subject/versions",
    { schema: { ...about, summary: "Whether a publish would be let in", params: subjectParams } },
    async (request) => {
      const { params, query, body } = request;
      const wanted = schemaRequest(body, query.normalize);
      const registry = registryOf(request);
      const refusal = await registry.checkCompatibility(params.subject, wanted);
      return verdictAnswer(refusal, await registry.javaScriptWarnings(params.subject, wanted));
    },
  );

  routes.post(
    "/compatibility/subjects/:subject/versions/:version",
    { schema: { ...about, summary: "Whether a schema agrees with one version", params: versionParams } },
    async (request) => {
      const { params, query, body } = request;
      const version = parseVersion(params.version);
      const wanted = schemaRequest(body, query.normalize);
      const registry = registryOf(request);
      const refusal = await registry.checkCompatibility(params.subject, wanted, { version });
      return verdictAnswer(refusal, await registry.javaScriptWarnings(params.subject, wanted));
    },
  );
}

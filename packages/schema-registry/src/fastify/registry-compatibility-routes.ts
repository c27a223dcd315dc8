import type { Registry } from "../registry/registry.ts";
import { parseVersion } from "../registry/version-number.ts";
import { verdictAnswer } from "./registry-answer.ts";
import { schemaBody, schemaQuery, schemaRequest, subjectParams, versionParams } from "./registry-request.ts";
import type { RouteHost } from "./registry-route-host.ts";

/** `/compatibility`: what a publish would say, without publishing. The reasons come with or without `verbose`. */
export function compatibilityRoutes(routes: RouteHost, registry: Registry): void {
  routes.post(
    "/compatibility/subjects/:subject/versions",
    { schema: { params: subjectParams, querystring: schemaQuery, body: schemaBody } },
    async ({ params: { subject }, query: { normalize }, body }) =>
      verdictAnswer(await registry.checkCompatibility(subject, schemaRequest(body, normalize))),
  );

  routes.post(
    "/compatibility/subjects/:subject/versions/:version",
    { schema: { params: versionParams, querystring: schemaQuery, body: schemaBody } },
    async ({ params, query: { normalize }, body }) => {
      const version = parseVersion(params.version);
      const request = schemaRequest(body, normalize);
      return verdictAnswer(await registry.checkCompatibility(params.subject, request, { version }));
    },
  );
}

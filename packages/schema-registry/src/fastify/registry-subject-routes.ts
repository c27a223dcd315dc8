import type { FastifyRequest } from "fastify";
import type { Registry } from "../registry/registry.ts";
import { parseVersion } from "../registry/version-number.ts";
import { versionAnswer } from "./registry-answer.ts";
import {
  deletedQuery,
  listQuery,
  metadataQuery,
  permanentQuery,
  schemaBody,
  schemaQuery,
  schemaRequest,
  subjectParams,
  versionParams,
} from "./registry-request.ts";
import type { RouteHost } from "./registry-route-host.ts";

/** `/subjects` and everything below. */
export function subjectRoutes(
  routes: RouteHost,
  registry: Registry,
  authorOf: (request: FastifyRequest) => string | null,
): void {
  routes.get("/subjects", { schema: { querystring: listQuery } }, ({ query: { list, prefix } }) =>
    registry.listSubjects({ ...list, ...prefix }),
  );

  routes.post(
    "/subjects/:subject",
    { schema: { params: subjectParams, querystring: schemaQuery, body: schemaBody } },
    async ({ params: { subject }, query: { normalize, deleted }, body }) =>
      versionAnswer(await registry.lookup(subject, schemaRequest(body, normalize), { deleted })),
  );

  routes.delete(
    "/subjects/:subject",
    { schema: { params: subjectParams, querystring: permanentQuery } },
    ({ params: { subject }, query }) => registry.deleteSubject(subject, query),
  );

  routes.get(
    "/subjects/:subject/versions",
    { schema: { params: subjectParams, querystring: listQuery } },
    ({ params: { subject }, query: { list } }) => registry.listVersions(subject, list),
  );

  routes.post(
    "/subjects/:subject/versions",
    { schema: { params: subjectParams, querystring: schemaQuery, body: schemaBody } },
    async (request) => {
      const { params, query, body } = request;
      const author = authorOf(request);
      const wanted = schemaRequest(body, query.normalize);
      const authorship = author === null ? {} : { author };
      return {
        ...versionAnswer(await registry.register(params.subject, wanted, authorship)),
        schemaType: "AVRO",
      };
    },
  );

  routes.get(
    "/subjects/:subject/versions/:version",
    { schema: { params: versionParams, querystring: deletedQuery } },
    async ({ params: { subject, version }, query }) =>
      versionAnswer(await registry.getVersion(subject, parseVersion(version), query)),
  );

  routes.get(
    "/subjects/:subject/metadata",
    { schema: { params: subjectParams, querystring: metadataQuery } },
    async ({ params: { subject }, query: { properties, deleted } }) =>
      versionAnswer(await registry.latestWithMetadata(subject, properties, { deleted })),
  );

  routes.delete(
    "/subjects/:subject/versions/:version",
    { schema: { params: versionParams, querystring: permanentQuery } },
    ({ params: { subject, version }, query }) =>
      registry.deleteVersion(subject, parseVersion(version), query),
  );

  routes.get(
    "/subjects/:subject/versions/:version/schema",
    { schema: { params: versionParams, querystring: deletedQuery } },
    async ({ params: { subject, version }, query }) =>
      (await registry.getVersion(subject, parseVersion(version), query)).schema,
  );

  routes.get(
    "/subjects/:subject/versions/:version/referencedby",
    { schema: { params: versionParams, querystring: deletedQuery } },
    ({ params: { subject, version }, query }) => registry.referencedBy(subject, parseVersion(version), query),
  );
}

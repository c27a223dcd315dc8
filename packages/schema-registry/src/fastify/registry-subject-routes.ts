import type { FastifyRequest } from "fastify";
import { parseVersion } from "../registry/version-number.ts";
import { versionAnswer } from "./registry-answer.ts";
import {
  listAnswer,
  numberAnswer,
  numbersAnswer,
  registeredSchema,
  textAnswer,
  versionSchema,
} from "./registry-answer-schema.ts";
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
  versionQuery,
} from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

/** `/subjects` and everything below, but for single versions. */
export function subjectRoutes(
  { routes, registryOf }: RouteScope,
  authorOf: (request: FastifyRequest) => string | null,
): void {
  const tags = ["subjects"];

  routes.get(
    "/subjects",
    { schema: { tags, summary: "The subjects", querystring: listQuery, response: listAnswer } },
    (request) => registryOf(request).listSubjects({ ...request.query.list, ...request.query.prefix }),
  );

  routes.post(
    "/subjects/:subject",
    {
      schema: {
        tags,
        summary: "The version under which a subject holds a schema",
        params: subjectParams,
        querystring: schemaQuery,
        body: schemaBody,
        response: versionSchema,
      },
    },
    async (request) => {
      const { params, query, body } = request;
      const wanted = schemaRequest(body, query.normalize);
      const { deleted } = query;
      return versionAnswer(await registryOf(request).lookup(params.subject, wanted, { deleted }));
    },
  );

  routes.delete(
    "/subjects/:subject",
    {
      schema: {
        tags,
        summary: "Delete every version",
        params: subjectParams,
        querystring: permanentQuery,
        response: numbersAnswer,
      },
    },
    (request) => registryOf(request).deleteSubject(request.params.subject, request.query),
  );

  routes.get(
    "/subjects/:subject/versions",
    {
      schema: {
        tags,
        summary: "The versions of a subject",
        params: subjectParams,
        querystring: listQuery,
        response: numbersAnswer,
      },
    },
    (request) => {
      const { list, deletedAsNegative } = request.query;
      return registryOf(request).listVersions(request.params.subject, { ...list, deletedAsNegative });
    },
  );

  routes.post(
    "/subjects/:subject/versions",
    {
      schema: {
        tags,
        summary: "Publish a schema",
        params: subjectParams,
        querystring: schemaQuery,
        body: schemaBody,
        response: registeredSchema,
      },
    },
    async (request) => {
      const { params, query, body } = request;
      const author = authorOf(request);
      const wanted = schemaRequest(body, query.normalize);
      const authorship = author === null ? {} : { author };
      const registry = registryOf(request);
      const registered = await registry.register(params.subject, wanted, authorship);
      const warnings = await registry.javaScriptWarnings(params.subject, registered);
      return { ...versionAnswer(registered), schemaType: "AVRO", ...(warnings.length > 0 && { warnings }) };
    },
  );

  routes.get(
    "/subjects/:subject/metadata",
    {
      schema: {
        tags,
        summary: "The latest version with these metadata properties",
        params: subjectParams,
        querystring: metadataQuery,
        response: versionSchema,
      },
    },
    async (request) => {
      const { properties, deleted } = request.query;
      const { subject } = request.params;
      return versionAnswer(await registryOf(request).latestWithMetadata(subject, properties, { deleted }));
    },
  );
}

/** `/subjects/{s}/versions/{v}` and everything below. The form of a version is checked before anything else. */
export function versionRoutes({ routes, registryOf }: RouteScope): void {
  const about = { tags: ["subjects"], params: versionParams };

  routes.get(
    "/subjects/:subject/versions/:version",
    { schema: { ...about, summary: "A version", querystring: versionQuery, response: versionSchema } },
    async (request) => {
      const { params, query } = request;
      const options = { deleted: query.deleted, ...query.format };
      const version = parseVersion(params.version);
      return versionAnswer(await registryOf(request).getVersion(params.subject, version, options));
    },
  );

  routes.delete(
    "/subjects/:subject/versions/:version",
    {
      schema: { ...about, summary: "Delete a version", querystring: permanentQuery, response: numberAnswer },
    },
    (request) => {
      const { params, query } = request;
      return registryOf(request).deleteVersion(params.subject, parseVersion(params.version), query);
    },
  );

  routes.get(
    "/subjects/:subject/versions/:version/schema",
    {
      schema: {
        ...about,
        summary: "The bare schema of a version",
        querystring: versionQuery,
        response: textAnswer,
      },
    },
    async (request) => {
      const { params, query } = request;
      const options = { deleted: query.deleted, ...query.format };
      const version = parseVersion(params.version);
      return (await registryOf(request).getVersion(params.subject, version, options)).schema;
    },
  );

  routes.get(
    "/subjects/:subject/versions/:version/referencedby",
    {
      schema: {
        ...about,
        summary: "The ids of schemas that refer to a version",
        querystring: deletedQuery,
        response: numbersAnswer,
      },
    },
    (request) => {
      const { params, query } = request;
      return registryOf(request).referencedBy(params.subject, parseVersion(params.version), query);
    },
  );
}

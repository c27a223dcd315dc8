import { z } from "zod";
import { schemaAnswer, versionAnswer } from "./registry-answer.ts";
import { listAnswer, schemaSchema, textAnswer, versionListSchema } from "./registry-answer-schema.ts";
import { formatQuery, idParams, listQuery, pathId, subjectHintQuery } from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

const guidParams = z.object({ guid: z.string() });

/** `/schemas` and everything below: what consumers of messages ask, who know an id only. */
export function schemaRoutes({ routes, registryOf }: RouteScope): void {
  const tags = ["schemas"];
  const byId = { tags, params: idParams, querystring: subjectHintQuery };
  const listById = { tags, params: idParams, querystring: listQuery };

  routes.get(
    "/schemas",
    {
      schema: {
        tags,
        summary: "Versions of all subjects",
        querystring: listQuery,
        response: versionListSchema,
      },
    },
    async (request) => {
      const { list, prefix, latestOnly } = request.query;
      const found = await registryOf(request).listSchemas({ ...list, ...prefix, latestOnly });
      return found.map(versionAnswer);
    },
  );

  routes.get("/schemas/types", { schema: { tags, response: listAnswer } }, () => ["AVRO"]);

  routes.get(
    "/schemas/ids/:id",
    { schema: { ...byId, summary: "The schema of an id", response: schemaSchema } },
    async (request) => {
      const { params, query } = request;
      const registry = registryOf(request);
      const hint = query.subject === undefined ? {} : { subject: query.subject };
      const found = await registry.schemaById(pathId(params.id), { ...hint, ...query.format });
      const { subject, version } = found;
      return {
        ...(subject !== undefined && { subject, version }),
        ...schemaAnswer(found),
        ...(query.fetchMaxId && { maxId: await registry.largestId(hint) }),
      };
    },
  );

  routes.get(
    "/schemas/ids/:id/schema",
    { schema: { ...byId, summary: "The bare schema of an id", response: textAnswer } },
    async (request) => {
      const { params, query } = request;
      const hint = query.subject === undefined ? {} : { subject: query.subject };
      return (await registryOf(request).schemaById(pathId(params.id), { ...hint, ...query.format })).schema;
    },
  );

  routes.get(
    "/schemas/ids/:id/subjects",
    { schema: { ...listById, summary: "The subjects that use an id", response: listAnswer } },
    (request) => {
      const { params, query } = request;
      return registryOf(request).subjectsOfId(pathId(params.id), { ...query.list, ...query.hint });
    },
  );

  routes.get(
    "/schemas/ids/:id/versions",
    { schema: { ...listById, summary: "The versions that use an id", response: listAnswer } },
    async (request) => {
      const { params, query } = request;
      const found = await registryOf(request).idVersions(pathId(params.id), { ...query.list, ...query.hint });
      return found.map(({ subject, version }) => ({ subject, version }));
    },
  );

  routes.get(
    "/schemas/guids/:guid",
    { schema: { tags, summary: "The schema of a guid", params: guidParams, querystring: formatQuery } },
    async (request) =>
      schemaAnswer(await registryOf(request).schemaByGuid(request.params.guid, request.query.format)),
  );

  routes.get(
    "/schemas/guids/:guid/ids",
    {
      schema: {
        tags,
        summary: "The ids of a guid, by context",
        params: guidParams,
        response: listAnswer,
      },
    },
    (request) => registryOf(request).idsOfGuid(request.params.guid),
  );
}

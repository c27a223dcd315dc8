import { z } from "zod";
import type { Registry } from "../registry/registry.ts";
import { schemaAnswer, versionAnswer } from "./registry-answer.ts";
import { idParams, listQuery, pathId, subjectHintQuery } from "./registry-request.ts";
import type { RouteHost } from "./registry-route-host.ts";

const guidParams = z.object({ guid: z.string() });

/** `/schemas` and everything below: what consumers of messages ask, who know an id only. */
export function schemaRoutes(routes: RouteHost, registry: Registry): void {
  const byId = { params: idParams, querystring: subjectHintQuery };
  const listById = { params: idParams, querystring: listQuery };

  routes.get("/schemas", { schema: { querystring: listQuery } }, async ({ query }) => {
    const { list, prefix, latestOnly } = query;
    return (await registry.listSchemas({ ...list, ...prefix, latestOnly })).map(versionAnswer);
  });

  routes.get("/schemas/types", () => ["AVRO"]);

  routes.get("/schemas/ids/:id", { schema: byId }, async ({ params, query }) => {
    const hint = query.subject === undefined ? {} : { subject: query.subject };
    const found = await registry.schemaById(pathId(params.id), hint);
    const { subject, version } = found;
    return {
      ...(subject !== undefined && { subject, version }),
      ...schemaAnswer(found),
      ...(query.fetchMaxId && { maxId: await registry.largestId(hint) }),
    };
  });

  routes.get("/schemas/ids/:id/schema", { schema: byId }, async ({ params, query: { subject } }) => {
    const hint = subject === undefined ? {} : { subject };
    return (await registry.schemaById(pathId(params.id), hint)).schema;
  });

  routes.get("/schemas/ids/:id/subjects", { schema: listById }, ({ params, query }) =>
    registry.subjectsOfId(pathId(params.id), { ...query.list, ...query.hint }),
  );

  routes.get("/schemas/ids/:id/versions", { schema: listById }, async ({ params, query }) => {
    const found = await registry.idVersions(pathId(params.id), { ...query.list, ...query.hint });
    return found.map(({ subject, version }) => ({ subject, version }));
  });

  routes.get("/schemas/guids/:guid", { schema: { params: guidParams } }, async ({ params }) =>
    schemaAnswer(await registry.schemaByGuid(params.guid)),
  );

  routes.get("/schemas/guids/:guid/ids", { schema: { params: guidParams } }, ({ params }) =>
    registry.idsOfGuid(params.guid),
  );
}

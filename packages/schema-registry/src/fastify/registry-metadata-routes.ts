import { readFileSync } from "node:fs";
import { z } from "zod";
import { parseContextName } from "../registry/subject-name.ts";
import { emptyAnswer, listAnswer } from "./registry-answer-schema.ts";
import { listQuery } from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

// The same depth from `src` and `dist`.
const packageFile = new URL("../../package.json", import.meta.url);
const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile, "utf8")));

/** What clients ask about the registry itself, and its contexts. */
export function metadataRoutes({ routes, registryOf }: RouteScope): void {
  const tags = ["registry"];

  routes.get("/", { schema: { tags, summary: "Whether it answers", response: emptyAnswer } }, () => ({}));

  routes.get("/v1/metadata/id", { schema: { tags, summary: "Which registry this is" } }, () => ({
    id: "",
    scope: { path: [], clusters: { "schema-registry-cluster": "tidemark" } },
  }));

  routes.get("/v1/metadata/version", { schema: { tags, summary: "Which version it runs" } }, () => ({
    version,
    commitId: "",
  }));

  // Clients with associated subject names ask this before anything else; "none" sends them to the topic's name.
  for (const path of [
    "/associations/subjects/:subject",
    "/associations/resources/:resource",
    "/associations/resources/:namespace/:name",
  ]) {
    routes.get(path, { schema: { tags, summary: "Always none", response: listAnswer } }, () => []);
  }

  routes.get(
    "/contexts",
    { schema: { tags, summary: "The contexts in use", querystring: listQuery, response: listAnswer } },
    async (request) => {
      const { offset, limit } = request.query.list;
      const contexts = await registryOf(request).listContexts();
      return contexts.slice(offset, limit === undefined ? undefined : offset + limit);
    },
  );

  routes.delete(
    "/contexts/:context",
    { schema: { tags, summary: "Drop the settings of an empty context" } },
    async (request, reply) => {
      const { context } = z.object({ context: z.string() }).parse(request.params);
      await registryOf(request).deleteContext(parseContextName(context));
      return reply.code(204).send();
    },
  );
}

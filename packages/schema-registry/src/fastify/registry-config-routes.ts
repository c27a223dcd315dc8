import { parseLevel } from "../registry/level-name.ts";
import { parseMode } from "../registry/registry-mode.ts";
import { configAnswer, levelAnswer, modeAnswer } from "./registry-answer-schema.ts";
import { configBody, modeBody, scopeParams, scopeQuery } from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

/**
 * `/config` and `/mode`, for everything and for one subject or context. The answer to PUT /config has another key than
 * that to GET. A subject without a level of its own is 404: kafkajs registers with its own level then, and must not
 * see the global one.
 */
export function configRoutes({ routes, registryOf }: RouteScope): void {
  const about = { tags: ["config"], params: scopeParams, querystring: scopeQuery };

  for (const path of ["/config", "/config/:subject"]) {
    routes.get(
      path,
      { schema: { ...about, summary: "The compatibility level", response: levelAnswer } },
      async (request) => {
        const level = await registryOf(request).getCompatibility(request.params.subject, request.query);
        return { compatibilityLevel: level };
      },
    );

    routes.put(
      path,
      {
        schema: {
          ...about,
          summary: "Set the compatibility level",
          body: configBody,
          response: configAnswer,
        },
      },
      async (request) => {
        const compatibility = parseLevel(request.body.compatibility);
        await registryOf(request).setCompatibility(compatibility, request.params.subject);
        return { compatibility };
      },
    );

    routes.delete(
      path,
      { schema: { ...about, summary: "Return to the wider level", response: levelAnswer } },
      async (request) => ({
        compatibilityLevel: await registryOf(request).deleteCompatibility(request.params.subject),
      }),
    );
  }

  for (const path of ["/mode", "/mode/:subject"]) {
    routes.get(
      path,
      { schema: { ...about, summary: "The mode", response: modeAnswer } },
      async (request) => ({ mode: await registryOf(request).getMode(request.params.subject, request.query) }),
    );

    routes.put(
      path,
      { schema: { ...about, summary: "Set the mode", body: modeBody, response: modeAnswer } },
      async (request) => {
        const mode = parseMode(request.body.mode);
        await registryOf(request).setMode(mode, request.params.subject, request.query);
        return { mode };
      },
    );

    routes.delete(
      path,
      { schema: { ...about, summary: "Return to the wider mode", response: modeAnswer } },
      async (request) => ({ mode: await registryOf(request).deleteMode(request.params.subject) }),
    );
  }
}

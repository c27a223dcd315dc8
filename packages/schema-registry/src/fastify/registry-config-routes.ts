import type { Registry } from "../registry/registry.ts";
import { parseLevel } from "../registry/level-name.ts";
import { parseMode } from "../registry/registry-mode.ts";
import { configBody, modeBody, scopeQuery, subjectParams } from "./registry-request.ts";
import type { RouteHost } from "./registry-route-host.ts";

/** `/config` and `/mode`, for everything and for one subject. The answer to PUT /config has another key than that to GET. */
export function configRoutes(routes: RouteHost, registry: Registry): void {
  const ofSubject = { params: subjectParams, querystring: scopeQuery };

  routes.get("/config", async () => ({ compatibilityLevel: await registry.getCompatibility() }));

  routes.put("/config", { schema: { body: configBody } }, async ({ body }) => {
    const compatibility = parseLevel(body.compatibility);
    await registry.setCompatibility(compatibility);
    return { compatibility };
  });

  routes.delete("/config", async () => ({ compatibilityLevel: await registry.deleteCompatibility() }));

  // 404 while unset: kafkajs registers with its own level then, and must not see the global one.
  routes.get("/config/:subject", { schema: ofSubject }, async ({ params: { subject }, query }) => ({
    compatibilityLevel: await registry.getCompatibility(subject, query),
  }));

  routes.put(
    "/config/:subject",
    { schema: { ...ofSubject, body: configBody } },
    async ({ params: { subject }, body }) => {
      const compatibility = parseLevel(body.compatibility);
      await registry.setCompatibility(compatibility, subject);
      return { compatibility };
    },
  );

  routes.delete("/config/:subject", { schema: ofSubject }, async ({ params: { subject } }) => ({
    compatibilityLevel: await registry.deleteCompatibility(subject),
  }));

  routes.get("/mode", async () => ({ mode: await registry.getMode() }));

  routes.put("/mode", { schema: { querystring: scopeQuery, body: modeBody } }, async ({ query, body }) => {
    const mode = parseMode(body.mode);
    await registry.setMode(mode, undefined, query);
    return { mode };
  });

  routes.delete("/mode", async () => ({ mode: await registry.deleteMode() }));

  routes.get("/mode/:subject", { schema: ofSubject }, async ({ params: { subject }, query }) => ({
    mode: await registry.getMode(subject, query),
  }));

  routes.put(
    "/mode/:subject",
    { schema: { ...ofSubject, body: modeBody } },
    async ({ params: { subject }, query, body }) => {
      const mode = parseMode(body.mode);
      await registry.setMode(mode, subject, query);
      return { mode };
    },
  );

  routes.delete("/mode/:subject", { schema: ofSubject }, async ({ params: { subject } }) => ({
    mode: await registry.deleteMode(subject),
  }));
}

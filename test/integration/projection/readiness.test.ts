import { randomUUID } from "node:crypto";
import { createApplication, EventSerializer } from "@tidemark/framework";
import { healthRoutes } from "@tidemark/framework/fastify";
import { postgresStorage } from "@tidemark/framework/postgres";
import { createPool } from "@tidemark/schema-registry/postgres";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { eventStoreTemplate } from "../../support/event-store-template.ts";
import { createTestDatabase } from "../../support/test-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import heavy, { Counted } from "./heavy-application.mjs";

test("an application whose read models are of another log is not ready, and says why", async () => {
  const { connectionString, drop } = await createTestDatabase({ template: eventStoreTemplate });
  const open = async () => {
    const storage = postgresStorage({ database: connectionString });
    const application = createApplication(heavy, { storage, registry: null, leaseMs: 600 });
    await application.start();
    await application.projections.whenReady();
    return application;
  };
  const health = async (application: Awaited<ReturnType<typeof open>>) => {
    const app = Fastify();
    await app.register(healthRoutes, { application });
    const { statusCode, body } = await app.inject("/health/ready");
    await app.close();
    return { statusCode, body };
  };

  const before = await open();
  const context = {
    correlationId: randomUUID(),
    causationId: null,
    metadata: { actor: null, traceparent: null, user: {} },
  };
  const event = new EventSerializer([Counted]).encode(Counted({ amount: 1n }), randomUUID(), context);
  await before.eventStore.append("counter-1", [event]);
  const head = await before.eventStore.head();
  const pool = createPool({ connectionString, max: 1 });
  await waitFor(async () => {
    const { rows } = await pool.query<{ last: bigint }>(
      "select min(position) as last from tidemark.checkpoints",
    );
    return rows[0]?.last === head;
  });
  expect(await health(before)).toMatchObject({ statusCode: 200 });
  await before.close();
  expect(await health(before)).toMatchObject({
    statusCode: 503,
    body: expect.stringContaining("shutting down"),
  });

  // As if the store had been put back from a backup, and other events had taken the place of those since.
  await pool.query("update tidemark.checkpoints set event_id = gen_random_uuid()");
  await pool.end();
  const after = await open();
  const answer = await waitFor(async () => {
    const { statusCode, body } = await health(after);
    return statusCode === 503 && body;
  });
  expect(JSON.parse(answer)).toMatchObject({
    status: "not-ready",
    reason: expect.stringContaining("log-diverged"),
  });
  await after.close();
  await drop();
});

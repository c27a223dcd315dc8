import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { Moved } from "../../support/bank.ts";
import { digests, notices } from "../../support/projector-definitions.mjs";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { randomMoves } from "./load.ts";
import { Scene } from "./scene.ts";
import { Service } from "./service.ts";
import { SubscriptionSupervisor } from "@tidemark/framework";

const context = {
  correlationId: null,
  causationId: null,
  metadata: { actor: null, traceparent: null, user: {} },
};
const random = new SeededRandom(1);
const move = (account: string, to: string) => ({ account, event: Moved({ cents: 1n, to }) });

test("handlers that hang or throw, messages too large and payloads that do not decode are parked, and others go on", async () => {
  await using service = await Service.start();
  service.hangsFor = "hangs";
  await using scene = await Scene.open();
  const { eventStore, serializer, store } = scene.bank;
  const settings = {
    service: service.url,
    retry: { steps: 2, duration: 5, factor: 1, jitter: 0, cap: 50 },
    timeoutMs: 300,
    maxMessageBytes: 2_000,
  };
  await scene.bank.append(randomMoves(random, 60));
  await scene.bank.append([move("x1", "hangs"), move("x2", "throws"), move("x3", "x".repeat(3_000))]);
  const broken = serializer.encode(Moved({ cents: 1n, to: "a1" }), randomUUID(), context);
  await eventStore.append("account-x4", [{ ...broken, data: Buffer.from([0xff]) }]);
  const behind = ["x1", "x2", "x3", "x4", "a1"].map((account) => move(account, "a2"));
  const head = await scene.bank.append(behind);

  const projector = scene.start({ projection: { form: "handlers" }, notices: settings });
  await projector.waitForLine(/^ready/);
  await scene.projected(head);
  await waitFor(() => scene.hasPassed("subscription:notices", head), { timeoutMs: 20_000 });
  const projections = scene.bank.supervisor([digests({ form: "handlers" })]);
  const subscriptions = new SubscriptionSupervisor({
    definitions: [notices(settings)],
    eventStore,
    serializer,
    store,
    applicationName: "operator",
  });
  const parked = await scene.bank.deadLetters(projections, subscriptions).list();
  const shown = parked.map(({ name, sequence, error, events }) => ({ name, sequence, error, events }));
  expect(shown.toSorted((a, b) => (a.name + a.sequence < b.name + b.sequence ? -1 : 1))).toEqual([
    { name: "digests", sequence: "stream:account-x4", error: expect.any(String), events: 2n },
    {
      name: "notices",
      sequence: "stream:account-x1",
      error: expect.stringContaining("took longer than 300 ms"),
      events: 2n,
    },
    { name: "notices", sequence: "stream:account-x2", error: "thrown at once", events: 2n },
    { name: "notices", sequence: "stream:account-x3", error: expect.stringContaining("bytes"), events: 2n },
    { name: "notices", sequence: "stream:account-x4", error: expect.any(String), events: 2n },
  ]);
  expect(service.notices).toHaveLength(61);
  expect(service.notices.at(-1)).toMatchObject({ position: String(head) });
  await subscriptions.close();
});

test("an event of a schema that the store does not know stops its partition, and nothing is skipped", async () => {
  await using scene = await Scene.open();
  const before = await scene.bank.append(randomMoves(random, 10));
  const head = await scene.bank.append(randomMoves(random, 10));
  const setSchema = async (change: string) => {
    const client = await scene.pool.connect();
    // Events are never updated otherwise.
    await client.query(`begin; set local session_replication_role = replica;
      update tidemark.events set schema_no = ${change} where position = ${before + 1n}; commit`);
    client.release();
  };
  await setSchema("schema_no + 1000");
  const projector = scene.start({ projection: { form: "fold" } });
  await projector.waitForLine(/pauses until an outage is over.*that the store does not have/);
  expect(await scene.parked()).toBe(0);
  expect(await scene.hasPassed("projection:digests:v1:b1", before + 1n)).toBe(false);
  await setSchema("schema_no - 1000");
  await projector.waitForLine(/^ready/);
  await scene.projected(head);
  expect(await scene.rows()).toEqual(await scene.expected());
});

test("without its registry an application starts over a store that knows its schemas, and projects", async () => {
  await using scene = await Scene.open();
  await scene.bank.append(randomMoves(random, 100));
  // Nobody listens there.
  const application = scene.start({ projection: { form: "fold" }, registry: "http://127.0.0.1:1" });
  await application.waitForLine(/the schema registry is out of reach/);
  await application.waitForLine(/^started/);
  await waitFor(() => scene.activeBuild());
  await scene.projected(await scene.bank.append(randomMoves(random, 100)));
  expect(await scene.rows()).toEqual(await scene.expected());
});

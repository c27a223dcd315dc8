import { EventSerializer } from "@tidemark/framework";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { MovedV2 } from "../../support/projector-definitions.mjs";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { randomMoves } from "./load.ts";
import { fewRounds } from "./rounds.ts";
import { Scene } from "./scene.ts";
import { Service } from "./service.ts";

const context = {
  correlationId: null,
  causationId: null,
  metadata: { actor: null, traceparent: null, user: {} },
};

describe.each(fewRounds)("round $round, seed $seed", ({ seed }) => {
  test(
    "nodes that do not know an event yet leave it to the next deployment, and park nothing",
    { timeout: 60_000 },
    async () => {
      await using service = await Service.start();
      await using scene = await Scene.open();
      const { eventStore } = scene.bank;
      const random = new SeededRandom(seed);
      const shared = { notices: { service: service.url }, leaseMs: 400 };
      const old = scene.start({ ...shared, projection: { form: "fold" } });
      await old.waitForLine(/^ready/);
      const known = await scene.bank.append(randomMoves(random, 20));
      await scene.projected(known);

      // The first node of the deployment writes before it reads.
      const serializer = new EventSerializer([MovedV2]);
      for (let index = 0; index < 10; index += 1) {
        const event = MovedV2({ cents: BigInt(index), to: `a${index}`, note: "new" });
        await eventStore.append(`account-new${index}`, [serializer.encode(event, randomUUID(), context)]);
      }
      const head = await scene.bank.append(randomMoves(random, 5));
      await old.waitForLine(/waiting for a newer deployment.*bank.Moved version 2/);
      const next = scene.start({
        ...shared,
        projection: { form: "fold", version: 2 },
        knowsVersion2: true,
      });
      await next.waitForLine(/^ready/);
      await waitFor(() => scene.hasPassed("subscription:notices", head), { timeoutMs: 30_000 });
      await waitFor(() => scene.hasPassed("projection:digests:v2:b1", head), { timeoutMs: 30_000 });
      expect(service.notices.map(({ position }) => BigInt(position))).toEqual(
        Array.from({ length: 35 }, (_, index) => BigInt(index + 1)),
      );
      expect(await scene.parked()).toBe(0);
      // What the old nodes serve stands before the new event, and is all there.
      expect(await scene.hasPassed("projection:digests:v1:b1", known)).toBe(true);
      expect(await scene.hasPassed("projection:digests:v1:b1", known + 1n)).toBe(false);
      old.kill("SIGTERM");
      expect(await old.exit, old.output).toEqual({ code: 0, signal: null });
    },
  );
});

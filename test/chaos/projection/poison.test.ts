import { describe, expect, test } from "vitest";
import { Moved, type BankEvent } from "../../support/bank.ts";
import { digests, poison, type DigestsOptions } from "../../support/projector-definitions.mjs";
import { waitFor } from "../../support/wait-for.ts";
import { SeededRandom } from "../event-store/seeded-random.mjs";
import { fewRounds } from "./rounds.ts";
import { Scene } from "./scene.ts";

/** To the account "bad" and to others, in turns; each from a stream of its own, so that many go in one append. */
function movesToBad(count: number): BankEvent[] {
  return Array.from({ length: 2 * count }, (_, index) => ({
    account: `from${index % 500}`,
    event: Moved({ cents: BigInt(1_000 + index), to: index % 2 === 0 ? "bad" : `good${index % 7}` }),
  }));
}

describe.each(fewRounds)("round $round, seed $seed", ({ seed }) => {
  test.each<readonly [DigestsOptions["form"], number]>([
    ["fold", 2_500],
    ["handlers", 1_100],
  ])(
    "a poisoned key (%s) waits, others go on, and a retry that is killed in the middle restores it in order",
    { timeout: 90_000 },
    async (form, letters) => {
      await using scene = await Scene.open();
      const random = new SeededRandom(seed);
      const retry = { steps: 2, duration: 5, factor: 1, jitter: 0, cap: 50 };
      const limits = { retry, pageSize: 500 };
      const broken = scene.start({ projection: { form, broken: ["bad"] }, leaseMs: 400, limits });
      await scene.bank.append(movesToBad(100));
      await scene.bank.append([{ account: "from0", event: Moved({ cents: poison, to: "bad" }) }]);
      await broken.waitForLine(/^ready/);
      await scene.projected(await scene.bank.append(movesToBad(letters - 1)));
      expect(await scene.parked()).toBe(letters);
      const good = ({ account_id }: { readonly account_id: string }) => account_id !== "bad";
      const expected = await scene.expected(form);
      const rows = await scene.rows();
      expect(rows.filter(good)).toEqual(expected.filter(good));
      expect(rows.find((row) => !good(row))?.moves).toBe(100);

      // A new deployment has the fix, and an operator asks for a retry.
      broken.kill("SIGTERM");
      expect(await broken.exit).toEqual({ code: 0, signal: null });
      const asking = scene.bank.supervisor([digests({ form })]);
      const pending = await scene.bank.deadLetters(asking).retry("digests", "key:bad", { timeoutMs: 0 });
      expect(pending).toMatchObject([{ status: "pending" }]);
      const fixed = { projection: { form }, leaseMs: 400, limits };
      const first = scene.start(fixed);
      await waitFor(async () => (await scene.parked()) < letters - random.below(letters / 2), {
        intervalMs: 2,
      });
      first.kill("SIGKILL");
      await first.exit;
      const left = await scene.parked();
      expect(left).toBeGreaterThan(0);
      // Live events of the key queue behind those that wait.
      await scene.bank.append(movesToBad(20));
      scene.start(fixed);
      await waitFor(async () => (await scene.parked()) === 0, {
        timeoutMs: 30_000,
        what: "the rest of the retry",
      });
      await scene.projected(await scene.bank.append(movesToBad(5)));
      expect(await scene.rows()).toEqual(await scene.expected(form));
    },
  );
});

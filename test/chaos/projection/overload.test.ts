import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Moved } from "../../support/bank.ts";
import type { SpawnedProcess } from "../../support/spawn-process.ts";
import { longRounds, overloadMs } from "./rounds.ts";
import { Scene } from "./scene.ts";

const mebibyte = 1024 * 1024;
const accounts = 50;
const eventBytes = 16 * 1024;

/** The most memory that the process has had so far, in bytes. */
async function peakMemory({ pid }: SpawnedProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]);
}

/** Events that are in the read model. */
async function handled(scene: Scene): Promise<number> {
  const rows = await scene.rows();
  return rows.reduce((sum, { moves }) => sum + moves, 0);
}

describe.runIf(process.platform === "linux").each(longRounds)("round $round", () => {
  test(
    "ten times more events than its handlers can take stay in the log, not in memory, and are handled later",
    { timeout: 10 * overloadMs + 60_000 },
    async () => {
      await using scene = await Scene.open();
      // At most 67 a second.
      const projection = { form: "handlers", handlerMs: 15 } as const;
      const projector = scene.start({ projection, leaseMs: 1_000 });
      await projector.waitForLine(/^ready/);
      const padding = "x".repeat(eventBytes);
      const append = async (number: number) =>
        scene.bank.append(
          Array.from({ length: accounts }, (_, index) => ({
            account: `from${index}`,
            event: Moved({ cents: BigInt(number), to: `${index}${padding}` }),
          })),
        );
      await append(0);
      const before = await peakMemory(projector);
      const from = performance.now();
      let written = 0;
      let head = 0n;
      while (performance.now() - from < overloadMs) {
        written += accounts;
        head = await append(written);
        // 1,000 a second.
        await delay(Math.max(0, from + written - performance.now()));
      }
      const taken = await handled(scene);
      expect(written).toBeGreaterThan(10 * taken);
      // What made the handlers slow is over.
      projector.kill("SIGUSR2");
      await scene.projected(head);
      expect(await handled(scene)).toBe(accounts + written);
      expect(await scene.parked()).toBe(0);
      expect((await peakMemory(projector)) - before).toBeLessThan(140 * mebibyte);
    },
  );
});

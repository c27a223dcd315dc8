import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  identifyProcess,
  isAlive,
  ownIdentity,
} from "../../../packages/schema-registry/src/postgres/embedded/process-identity.ts";
import { makeZombie } from "../../support/zombie.ts";

describe("process identity", () => {
  test("is the same each time, and another one's for an earlier holder of the number", async () => {
    const own = await ownIdentity();
    expect(await identifyProcess(process.pid)).toEqual(own);
    expect(await isAlive(own)).toBe(true);
    expect(await isAlive({ ...own, startedAt: "earlier" })).toBe(false);
  });

  test("there is none for a number that nobody has", async () => {
    expect(await identifyProcess(2 ** 22 + 1)).toBeUndefined();
  });

  test.runIf(process.platform === "linux")("a zombie is not alive, although it answers signals", async () => {
    const zombie = await makeZombie();
    try {
      expect(process.kill(zombie.pid, 0)).toBe(true);
      const stat = await readFile(`/proc/${zombie.pid}/stat`, "latin1");
      expect(stat).toContain(") Z ");
      expect(await identifyProcess(zombie.pid)).toBeUndefined();
    } finally {
      zombie.reap();
    }
  });
});

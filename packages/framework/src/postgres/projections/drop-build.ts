import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { Build } from "../../projection/build.ts";
import type { ProjectionConnections } from "./projection-connections.ts";
import { dropTables, endBuild, keepRetired, withdrawBuild } from "./remove-build.ts";

type Framework = Parameters<typeof endBuild>[1];

/**
 * Ends a build that is under way and drops its tables, or leaves it retired if it has served before; false when it is
 * not under way any more.
 */
export async function cancelBuild(
  connections: ProjectionConnections,
  framework: Framework,
  build: Build,
): Promise<boolean> {
  if (await patiently(connections, (client) => keepRetired(client, framework, build))) return true;
  const change = { from: "building", to: "cancelled" } as const;
  if (!(await patiently(connections, (client) => endBuild(client, framework, build, change)))) return false;
  await patiently(connections, (client) => dropTables(client, framework, build.projection));
  return true;
}

/** Drops a retired build, `delayMs` after the last query could be sent to it; false when there is none. */
export async function dropBuild(
  connections: ProjectionConnections,
  framework: Framework,
  build: Build,
  delayMs: number,
): Promise<boolean> {
  const { found, served } = await patiently(connections, (client) => withdrawBuild(client, framework, build));
  if (!found) return false;
  // Other processes may still send queries there until they have noticed.
  if (served) await delay(delayMs);
  const change = { from: "retired", to: "dropped" } as const;
  if (!(await patiently(connections, (client) => endBuild(client, framework, build, change)))) return false;
  await patiently(connections, (client) => dropTables(client, framework, build.projection));
  return true;
}

/** Drops a build that was made for a comparison. */
export async function dropScratch(
  connections: ProjectionConnections,
  framework: Framework,
  build: Build,
): Promise<void> {
  const change = { from: "scratch", to: "dropped" } as const;
  await patiently(connections, (client) => endBuild(client, framework, build, change));
  await patiently(connections, (client) => dropTables(client, framework, build.projection));
}

/** A transaction that gives up when it waits for a lock, and is tried again. */
async function patiently<T>(
  connections: ProjectionConnections,
  run: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connections.transaction(connections.project, run);
    } catch (error) {
      if (!isLockTimeout(error) || attempt === 10) throw error;
      await delay(200 * attempt);
    }
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "55P03";
}

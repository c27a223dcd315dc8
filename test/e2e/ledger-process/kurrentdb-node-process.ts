import { fileURLToPath } from "node:url";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";

const program = fileURLToPath(
  new URL("../../../examples/ledger/dist/run/kurrentdb-node.js", import.meta.url),
);

/** The test node in a process of its own, as `npm run kurrentdb-node` starts it. */
export interface KurrentDbNodeProcess {
  readonly process: SpawnedProcess;
  readonly connectionString: string;
}

export async function startNodeProcess(port = 0): Promise<KurrentDbNodeProcess> {
  const process_ = spawnNode(program, [], {
    env: { ...process.env, KURRENTDB_NODE_PORT: String(port) },
  });
  const [, connectionString = ""] = await process_.waitForLine(/^KurrentDB test node\s+(\S+)$/);
  return { process: process_, connectionString };
}

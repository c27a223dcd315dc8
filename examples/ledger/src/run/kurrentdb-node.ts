import { once } from "node:events";
import { startKurrentDbTestNode } from "@tidemark/framework/testing";
import { checkPort, explainFailure, portVariable, readEnvironment } from "@tidemark/schema-registry/fastify";
import { z } from "zod";

const environment = z.object({ KURRENTDB_NODE_PORT: portVariable.default(2_113) });

/** Runs the KurrentDB test node in this process, for who wants to see the ledger on it and has no server. */
async function main(): Promise<void> {
  const { KURRENTDB_NODE_PORT: port } = readEnvironment(environment, process.env);
  await checkPort({ host: "127.0.0.1", port, variable: "KURRENTDB_NODE_PORT" });
  const node = await startKurrentDbTestNode({ port, keepsProcessAlive: true });
  process.stdout.write(
    `KurrentDB test node  ${node.connectionString}\n` +
      "It keeps events in memory, until it stops. In another terminal:\n" +
      `  EVENT_STORE='${node.connectionString}' npm start\n` +
      "Press Ctrl-C to stop.\n",
  );
  await Promise.race(["SIGINT", "SIGTERM"].map((signal) => once(process, signal)));
  await node.close();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explainFailure(error, [])}\n`);
  process.exitCode = 1;
}

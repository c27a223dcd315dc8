import { once } from "node:events";
import { checkPort, createRegistryServer } from "@tidemark/schema-registry/fastify";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config.ts";
import { buildServer } from "../http/build-server.ts";
import { createLogger } from "./logger.ts";
import { openLedger } from "./open-ledger.ts";

const host = "127.0.0.1";

/** How long the start waits for read models to be built; a long history is built beside the running API. In milliseconds. */
const patienceMs = 3_000;

/** What requests that are under way get to end by themselves when the ledger stops; in milliseconds. */
const drainMs = 1_500;

/** Runs the registry and the ledger until the signal aborts, then closes both in order. */
export async function serve(config: Config, signal: AbortSignal): Promise<void> {
  await checkPort({ host, port: config.registryPort, variable: "REGISTRY_PORT" });
  await checkPort({ host, port: config.ledgerPort, variable: "LEDGER_PORT" });
  const logger = createLogger(config.logLevel);
  const opened = await openLedger(config, { projections: "run", logger, signal });
  const servers: FastifyInstance[] = [];
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    await opened.application.projections.whenReady({ signal: patience }).catch((error: unknown) => {
      if (!patience.aborted) throw error;
    });
    const registry = createRegistryServer({ registry: opened.registry, logger });
    servers.push(registry);
    const registryUrl = await registry.listen({ host, port: config.registryPort });
    const api = await buildServer({
      application: opened.application,
      logger,
      eventStore: config.kurrentDb === null ? "postgresql" : "kurrentdb",
    });
    servers.push(api);
    const apiUrl = await api.listen({ host, port: config.ledgerPort });
    process.stdout.write(
      `Ledger API       ${apiUrl}\n` +
        `OpenAPI page     ${apiUrl}/docs\n` +
        `Schema registry  ${registryUrl}\n` +
        `Data             ${opened.data}\n` +
        (config.kurrentDb === null ? "" : `Events           ${config.kurrentDb.description}\n`) +
        "Press Ctrl-C to stop.\n",
    );
    if (!signal.aborted) await once(signal, "abort");
    process.stdout.write("Stopping.\n");
  } finally {
    await Promise.all(servers.map(closeServer));
    await opened.close();
  }
}

/** A client that has sent half a request would keep the server open for as long as it likes. */
async function closeServer(server: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), drainMs);
  await server.close().finally(() => clearTimeout(cut));
}

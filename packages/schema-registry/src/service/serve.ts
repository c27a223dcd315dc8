import { once } from "node:events";
import type { FastifyBaseLogger } from "fastify";
import { checkPort } from "../fastify/check-port.ts";
import { createClosingSteps } from "../fastify/closing-steps.ts";
import { createRegistryServer } from "../fastify/registry-server.ts";
import { openDatabase } from "../postgres/open-database.ts";
import { createPool } from "../postgres/pool.ts";
import { migrateRegistry, postgresRegistryStorage } from "../postgres/registry-storage.ts";
import { createRegistry } from "../registry/create-registry.ts";
import { openAccess } from "./open-access.ts";
import type { ServiceConfig } from "./service-config.ts";
import { createServiceMetrics } from "./service-metrics.ts";

interface ServeOptions {
  readonly logger: FastifyBaseLogger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

// Longer than any registration that waits for others of its subject.
const statementTimeoutMs = 30_000;

/**
 * Runs the registry until the signal aborts, then closes everything in reverse order: requests in flight are answered
 * first. The address and the credentials are checked before the database is started.
 *
 * @throws PortUnavailableError, CredentialsFileError or PostgresError: one sentence each.
 */
export async function serve(config: ServiceConfig, { logger, signal }: ServeOptions): Promise<void> {
  const { host, port, defaultLevel, maxSchemaLength, databaseConnections: max } = config;
  const closing = createClosingSteps("The registry");
  try {
    const callers = await openAccess(config.credentialsFile, logger);
    closing.add(() => callers.close());
    await checkPort({ host, port, variable: "REGISTRY_PORT", hostVariable: "REGISTRY_HOST" });
    const { databaseUrl, dataDir } = config;
    const { connectionString, ...database } = await openDatabase({
      databaseUrl,
      dataDir,
      name: "schema_registry",
      logger,
      signal,
    });
    closing.add(() => database.close());
    const pool = createPool({
      connectionString,
      max,
      statementTimeoutMs,
      applicationName: "schema-registry",
      logger,
    });
    closing.add(() => pool.end());
    await migrateRegistry({ pool, logger, signal });

    const registry = createRegistry({
      storage: postgresRegistryStorage({ pool, preparedStatements: config.preparedStatements }),
      defaultLevel,
      logger,
      ...(maxSchemaLength !== null && { limits: { textLength: maxSchemaLength } }),
    });
    const server = createRegistryServer({
      registry,
      access: callers.access,
      logger,
      // A schema is a string within JSON, where each character takes up to six.
      ...(maxSchemaLength !== null && { bodyLimit: 6 * maxSchemaLength + 65_536 }),
      metrics: createServiceMetrics(pool),
      isReady: () => pool.query("select 1"),
    });
    closing.add(() => server.close());
    const url = await server.listen({ host, port });
    process.stdout.write(
      `Schema registry  ${url}\n` +
        `OpenAPI page     ${url}/docs\n` +
        `Data             ${database.description}\n` +
        `Callers          ${callers.access === "loopback" ? "everybody on this machine" : config.credentialsFile}\n` +
        "Press Ctrl-C to stop.\n",
    );
    if (!signal.aborted) await once(signal, "abort");
    process.stdout.write("Stopping.\n");
  } finally {
    await closing.run();
  }
}

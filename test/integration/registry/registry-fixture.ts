import { createRegistry, type Registry, type RegistryOptions } from "@tidemark/schema-registry";
import { createRegistryServer } from "@tidemark/schema-registry/fastify";
import { createPool, migrateRegistry, postgresRegistryStorage } from "@tidemark/schema-registry/postgres";
import { createTestDatabase, type DatabaseTemplate } from "../../support/test-database.ts";

const registryTemplate: DatabaseTemplate = {
  name: "registry",
  async create(connectionString) {
    const pool = createPool({ connectionString, max: 1, applicationName: "registry-template" });
    try {
      await migrateRegistry({ pool });
    } finally {
      await pool.end();
    }
  },
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into whatever the server says; a wrong guess fails their assertions.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface RunningRegistry {
  readonly url: string;
  readonly registry: Registry;
  readonly connectionString: string;
  /** What was asked so far, as `GET /path`. */
  readonly requests: string[];
  /** Sends a request with Confluent's media type and reads the JSON answer. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A second server with a pool of its own over the same database, as another process would be. */
  startAnother(): Promise<{ readonly url: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

/** A registry server on a port of its own, over a database of its own. */
export async function startRegistry(
  options: Omit<RegistryOptions, "storage"> = {},
): Promise<RunningRegistry> {
  const database = await createTestDatabase({ template: registryTemplate });
  const { connectionString } = database;
  const own = await serve(connectionString, options);
  return {
    url: own.url,
    registry: own.registry,
    connectionString,
    requests: own.requests,
    ask: (method, path, body, headers) => ask(own.url, method, path, body, headers),
    startAnother: () => serve(connectionString, options),
    async close() {
      await own.close();
      await database.drop();
    },
  };
}

async function serve(
  connectionString: string,
  options: Omit<RegistryOptions, "storage">,
): Promise<Pick<RunningRegistry, "url" | "registry" | "requests" | "close">> {
  const requests: string[] = [];
  const pool = createPool({ connectionString, max: 8, applicationName: "registry-test" });
  const registry = createRegistry({ storage: postgresRegistryStorage({ pool }), ...options });
  const server = createRegistryServer({ registry });
  server.addHook("onRequest", async ({ method, url }) => void requests.push(`${method} ${url}`));
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    registry,
    requests,
    async close() {
      await server.close();
      await pool.end();
    },
  };
}

async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/vnd.schemaregistry.v1+json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export interface FieldSchema {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
}

/** The text of a record schema. */
export function recordText(name: string, fields: readonly FieldSchema[], namespace = "ledger"): string {
  return JSON.stringify({ type: "record", name, namespace, fields });
}

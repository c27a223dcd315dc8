import { startKurrentDbTestNode, type KurrentDbTestNode } from "@tidemark/framework/testing";
import { buildServer } from "../../../examples/ledger/src/http/build-server.ts";
import { readConfig, type Config } from "../../../examples/ledger/src/config.ts";
import { createLogger } from "../../../examples/ledger/src/run/logger.ts";
import { openLedger, type OpenLedger } from "../../../examples/ledger/src/run/open-ledger.ts";
import { createTestDatabase } from "../../support/test-database.ts";

/** Every store that can keep the ledger's events; read models are always in PostgreSQL. */
export const eventStores = ["postgresql", "kurrentdb"] as const;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into whatever the server says; a wrong guess fails their assertions.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** The ledger's API on a port of its own. */
export interface RunningLedger {
  readonly url: string;
  readonly config: Config;
  readonly opened: OpenLedger;
  /** The server under the event store, where a test can break it. */
  readonly node: KurrentDbTestNode | null;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends JSON; a string is sent as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sees what this answer's write has written. */
  getAfter(written: Answer, path: string): Promise<Answer>;
  close(): Promise<void>;
}

interface LedgerOptions {
  readonly projections?: "run" | "off";
}

/** Starts the ledger over stores of its own, or over those of another one as a second node. */
export async function startLedger(
  options: LedgerOptions &
    ({ readonly eventStore: (typeof eventStores)[number] } | { readonly beside: RunningLedger }),
): Promise<RunningLedger> {
  const { projections = "run" } = options;
  const stores = "beside" in options ? null : await makeStores(options.eventStore);
  const config = "beside" in options ? options.beside.config : readConfig(stores?.environment ?? {});
  const logger = createLogger("error");
  const opened = await openLedger(config, { projections, logger });
  if (projections === "run") await opened.application.projections.whenReady();
  const eventStore = config.kurrentDb === null ? "postgresql" : "kurrentdb";
  const server = await buildServer({ application: opened.application, logger, eventStore });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const get: RunningLedger["get"] = (path, headers = {}) => ask(`${url}${path}`, { headers });
  return {
    url,
    config,
    opened,
    node: "beside" in options ? options.beside.node : (stores?.node ?? null),
    get,
    post: (path, body, headers = {}) =>
      ask(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    getAfter: (written, path) =>
      get(path, { "consistency-token": written.headers.get("consistency-token") ?? "" }),
    async close() {
      await server.close();
      await opened.close();
      await stores?.remove();
    },
  };
}

interface Stores {
  readonly environment: Readonly<Record<string, string>>;
  readonly node: KurrentDbTestNode | null;
  remove(): Promise<void>;
}

async function makeStores(eventStore: (typeof eventStores)[number]): Promise<Stores> {
  const database = await createTestDatabase();
  const DATABASE_URL = database.connectionString;
  if (eventStore === "postgresql") {
    return { environment: { DATABASE_URL }, node: null, remove: () => database.drop() };
  }
  const node = await startKurrentDbTestNode();
  return {
    environment: { DATABASE_URL, EVENT_STORE: node.connectionString },
    node,
    async remove() {
      await node.close();
      await database.drop();
    },
  };
}

export async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

/** What every error answer has: RFC 9457's members and a stable code. */
export function problemOf(status: number, code: string, more: object = {}) {
  return { status, body: { type: `urn:tidemark:problem:${code}`, status, code, ...more } };
}

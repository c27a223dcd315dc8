import { buildServer } from "../../../examples/ledger/src/http/build-server.ts";
import { createLogger } from "../../../examples/ledger/src/run/logger.ts";
import { openLedger, type OpenLedger } from "../../../examples/ledger/src/run/open-ledger.ts";
import { createTestDatabase } from "../../support/test-database.ts";

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
  readonly connectionString: string;
  readonly opened: OpenLedger;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends JSON; a string is sent as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sees what this answer's write has written. */
  getAfter(written: Answer, path: string): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts the ledger over a database of its own, or over that of another one as a second node. */
export async function startLedger(
  options: { readonly connectionString?: string; readonly projections?: "run" | "off" } = {},
): Promise<RunningLedger> {
  const { projections = "run" } = options;
  const database = options.connectionString === undefined ? await createTestDatabase() : null;
  const connectionString = options.connectionString ?? database?.connectionString ?? "";
  const logger = createLogger("error");
  const config = {
    databaseUrl: connectionString,
    dataDir: "",
    ledgerPort: 0,
    registryPort: 0,
    standingIn: "",
  };
  const opened = await openLedger({ ...config, logLevel: "error" }, { projections, logger });
  if (projections === "run") await opened.application.projections.whenReady();
  const server = await buildServer({ application: opened.application, logger });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const get: RunningLedger["get"] = (path, headers = {}) => ask(`${url}${path}`, { headers });
  return {
    url,
    connectionString,
    opened,
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
      await database?.drop();
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

import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { spawnNode, type SpawnedProcess } from "../../support/spawn-process.ts";
import { ask, type Answer } from "../ledger-api/running-ledger.ts";

const program = fileURLToPath(new URL("../../../examples/ledger/dist/main.js", import.meta.url));

/** What one process is told; the data folder is of the test, ports are any free ones. */
export type LedgerEnvironment = Readonly<
  Partial<
    Record<
      | "EVENT_STORE"
      | "DATABASE_URL"
      | "LEDGER_DATA_DIR"
      | "LEDGER_PORT"
      | "REGISTRY_PORT"
      | "INIT_CWD"
      | "LOG_LEVEL",
      string
    >
  >
>;

/** `node main.js <args>`, as npm runs it. */
export function runLedger(environment: LedgerEnvironment, args: readonly string[] = []): SpawnedProcess {
  return spawnNode(program, [...args], {
    env: {
      ...process.env,
      DATABASE_URL: "",
      EVENT_STORE: "",
      INIT_CWD: "",
      LOG_LEVEL: "",
      LEDGER_PORT: "0",
      REGISTRY_PORT: "0",
      ...environment,
    },
  });
}

/** The running ledger as its user sees it. */
export interface ServingLedger {
  readonly process: SpawnedProcess;
  readonly api: string;
  readonly registry: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** Sees everything that was written before, by whichever process. */
  getCurrent(path: string): Promise<Answer>;
}

/** Starts the ledger and waits until it has printed its addresses. */
export async function serveLedger(environment: LedgerEnvironment): Promise<ServingLedger> {
  const process = runLedger(environment);
  const line = { timeoutMs: 60_000 };
  const [, api = ""] = await process.waitForLine(/^Ledger API\s+(http:\S+)$/, line);
  const [, registry = ""] = await process.waitForLine(/^Schema registry\s+(http:\S+)$/, line);
  await process.waitForLine(/^Press Ctrl-C to stop/, line);
  const get: ServingLedger["get"] = (path, headers = {}) => ask(`${api}${path}`, { headers });
  const post: ServingLedger["post"] = (path, body) =>
    ask(`${api}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  return {
    process,
    api,
    registry,
    get,
    post,
    async getCurrent(path) {
      const { headers } = await post("/accounts", { owner: "the test itself", currency: "NONE" });
      return get(path, { "consistency-token": headers.get("consistency-token") ?? "", prefer: "wait=60" });
    },
  };
}

/** Ctrl-C; the ledger must end by itself, within the five seconds that it is given. */
export async function stopLedger(
  { process }: ServingLedger,
  signal: NodeJS.Signals = "SIGINT",
): Promise<void> {
  const asked = performance.now();
  process.kill(signal);
  expect(await process.exit, process.output).toEqual({ code: 0, signal: null });
  expect(performance.now() - asked, process.output).toBeLessThan(5_000);
}

export async function killLedger({ process }: { readonly process: SpawnedProcess }): Promise<void> {
  process.kill("SIGKILL");
  await process.exit;
}

/** Runs a command to its end and gives what it printed. */
export async function runToEnd(
  environment: LedgerEnvironment,
  args: readonly string[],
  status = 0,
): Promise<string> {
  const process = runLedger(environment, args);
  const { code } = await process.exit;
  expect(code, process.output).toBe(status);
  return process.output;
}

/** Fails for the first currency of a trial balance that does not sum to zero. */
export async function expectBalanced(ledger: ServingLedger): Promise<void> {
  const { status, body } = await ledger.getCurrent("/trial-balance");
  expect(status, JSON.stringify(body).slice(0, 500)).toBe(200);
  const lines: { currency: string; balance: string }[] = body.items;
  const sums = new Map<string, bigint>();
  for (const { currency, balance } of lines) {
    sums.set(currency, (sums.get(currency) ?? 0n) + scaled(balance, 60));
  }
  expect(sums.size).toBeGreaterThan(0);
  expect([...sums].filter(([, sum]) => sum !== 0n)).toEqual([]);
}

/** A decimal as a whole number of units at this many places. */
export function scaled(decimal: string, places: number): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  if (fraction.length > places) throw new Error(`${decimal} has more than ${places} places`);
  return BigInt(whole + fraction.padEnd(places, "0"));
}

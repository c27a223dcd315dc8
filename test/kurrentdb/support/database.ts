import { startKurrentDbTestNode, type KurrentDbTestNode } from "@tidemark/framework/testing";
import { setTimeout as delay } from "node:timers/promises";

/** The database under test: the server named by `KURRENTDB_URL`, else a test node in this process. */
export interface Database {
  readonly connectionString: string;
  /** Only there when no server was named: the controllable clock and the faults. */
  readonly node: KurrentDbTestNode | undefined;
  /** Lets this much time pass for the database: at once on the test node, really on a server. */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** What is true of the server that `KURRENTDB_URL` names cannot be forced; some cases need the test node. */
export const liveServer = process.env["KURRENTDB_URL"];

export async function openDatabase(): Promise<Database> {
  if (liveServer !== undefined) {
    return {
      connectionString: liveServer,
      node: undefined,
      pass: async (milliseconds) => await delay(milliseconds),
      close: async () => {},
    };
  }
  const node = await startKurrentDbTestNode();
  return {
    connectionString: node.connectionString,
    node,
    pass: async (milliseconds) => node.clock.advance(milliseconds),
    close: async () => await node.close(),
  };
}

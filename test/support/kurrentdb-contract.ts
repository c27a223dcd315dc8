import { randomUUID } from "node:crypto";
import { KurrentDbEventStore, type KurrentDbClient } from "@tidemark/framework/kurrentdb";
import {
  eventStoreContract,
  startKurrentDbTestNode,
  type KurrentDbTestNode,
} from "@tidemark/framework/testing";
import { afterAll, beforeAll, describe, it } from "vitest";

/** A server to run on instead of the test node, for example `esdb://localhost:2113?tls=false`. */
const url = process.env["KURRENTDB_URL"];

/** The contract through one client library; a process can load only one of the two. */
export function kurrentDbContract(
  library: string,
  connect: (connectionString: string) => KurrentDbClient & { dispose(): Promise<void> },
  batchAppends: boolean,
): void {
  let node: KurrentDbTestNode | null = null;
  let client: ReturnType<typeof connect>;

  beforeAll(async () => {
    node = url === undefined ? await startKurrentDbTestNode() : null;
    client = connect(node?.connectionString ?? url ?? "");
  });
  afterAll(async () => {
    await client.dispose();
    await node?.close();
  });

  eventStoreContract({ describe, it }, `KurrentDB through ${library}`, async () => {
    node?.reset();
    // A namespace of its own makes an empty store of a server that has other things in it.
    const namespace = node === null ? `contract_${randomUUID().slice(0, 8)}` : "";
    const store = new KurrentDbEventStore({ client, namespace, batchAppends });
    await store.open();
    return store;
  });
}

import { gossipService } from "./gossip-service.ts";
import { createNodeClock, type NodeClock } from "./node-clock.ts";
import { createNodeCluster, type NodeAddress, type NodeCluster } from "./node-cluster.ts";
import { createNodeFaults, type NodeFaults } from "./node-faults.ts";
import { listen } from "./node-listener.ts";
import { NodeLog } from "./node-log.ts";
import type { NodeContext, NodeService } from "./node-service.ts";
import { createOpenCalls } from "./open-calls.ts";
import { persistentSubscriptionsService } from "./persistent-subscriptions/persistent-subscriptions-service.ts";
import { loadProtocol } from "./protocol.ts";
import { serverFeaturesService } from "./server-features-service.ts";
import { streamsService } from "./streams-service.ts";

/** Every service of a node, in one list. */
const services: readonly ((context: NodeContext) => NodeService)[] = [
  streamsService,
  serverFeaturesService,
  gossipService,
  persistentSubscriptionsService,
];

export interface KurrentDbTestNodeOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Bytes of all events of one append; default 1 MiB, the server's default before 25.1. */
  readonly maxAppendSize?: number;
  /** Bytes of one event; default: no limit of its own. Servers from 25.1 have 16 MiB. */
  readonly maxEventSize?: number;
  /** Bytes of the cache behind idempotent appends with `any`; default 8 MiB, as on the server. */
  readonly idempotencyCacheBytes?: number;
  /** Lets the open port keep the process running; default false, since tests and scripts end by themselves. */
  readonly keepsProcessAlive?: boolean;
  /** Another node whose log, clock and cluster this one shares; the first leads until `lead()` is called. */
  readonly replicaOf?: KurrentDbTestNode;
}

/**
 * A node that speaks KurrentDB's protocol, in this process and in memory. It emulates what docs/kurrentdb-node.md
 * lists; it is not the server.
 */
export interface KurrentDbTestNode extends AsyncDisposable {
  /** For `EventStoreDBClient.connectionString` or `KurrentDBClient.connectionString`: this node alone. */
  readonly connectionString: string;
  readonly host: string;
  readonly port: number;
  readonly clock: NodeClock;
  readonly faults: NodeFaults;
  /** Makes this node the leader: calls that require a leader are sent here by the others. */
  lead(): void;
  /** Cuts all connections at once; clients may connect again. */
  disconnect(): void;
  /** Empties the log, ends open reads and subscriptions, takes back faults and resets the clock. Connections stay. */
  reset(): void;
  /** Ends all calls and connections and frees the port. */
  close(): Promise<void>;
}

/** What replicas share with the node they follow. */
interface SharedState {
  readonly log: NodeLog;
  readonly clock: NodeClock;
  readonly cluster: NodeCluster;
  /** Ends what each of the nodes has open. */
  readonly resets: Set<() => void>;
}

const shared = new WeakMap<KurrentDbTestNode, SharedState>();

/**
 * Starts a node in milliseconds. It needs the optional packages `@eventstore/db-client` (~6.2.1) and `@grpc/grpc-js`,
 * and rejects with an error that names them when they are missing.
 *
 * @example
 * await using node = await startKurrentDbTestNode();
 * const client = EventStoreDBClient.connectionString(node.connectionString);
 */
export async function startKurrentDbTestNode(
  options: KurrentDbTestNodeOptions = {},
): Promise<KurrentDbTestNode> {
  const { host = "127.0.0.1", replicaOf } = options;
  const protocol = loadProtocol();
  const followed = replicaOf === undefined ? undefined : shared.get(replicaOf);
  if (replicaOf !== undefined && followed === undefined) {
    throw new Error("replicaOf: the node is closed. Start the replica while the node runs.");
  }
  const state = followed ?? newState(options.idempotencyCacheBytes);
  const { log, clock, cluster, resets } = state;
  const faults = createNodeFaults();
  const openCalls = createOpenCalls();
  const { keepsProcessAlive = false, port = 0 } = options;
  const listener = await listen(protocol, { host, port, keepsProcessAlive });
  const self: NodeAddress = { host, port: listener.port };
  cluster.members.add(self);
  cluster.leader ??= self;

  const context: NodeContext = {
    protocol,
    log,
    clock,
    faults,
    cluster,
    self,
    openCalls,
    disconnect: () => listener.disconnect(),
    limits: {
      maxAppendSize: options.maxAppendSize ?? 1024 * 1024,
      maxEventSize: options.maxEventSize ?? Infinity,
    },
  };
  const running = services.map((service) => service(context));
  listener.serve(running);

  function reset(): void {
    faults.clear();
    openCalls.endAll();
    for (const service of running) service.reset?.();
  }
  resets.add(reset);

  let closing: Promise<void> | undefined;
  function close(): Promise<void> {
    closing ??= (async () => {
      shared.delete(node);
      resets.delete(reset);
      cluster.members.delete(self);
      const [next] = cluster.members;
      if (cluster.leader === self && next !== undefined) cluster.lead(next);
      faults.clear();
      for (const service of running) service.close?.();
      openCalls.endAll();
      if (resets.size === 0) clock.reset();
      await listener.close();
    })();
    return closing;
  }

  const node: KurrentDbTestNode = {
    connectionString: `esdb://${host}:${listener.port}?tls=false`,
    host,
    port: listener.port,
    clock,
    faults,
    lead: () => cluster.lead(self),
    disconnect: () => listener.disconnect(),
    reset() {
      clock.reset();
      for (const resetNode of resets) resetNode();
      log.reset();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  shared.set(node, state);
  return node;
}

function newState(idempotencyCacheBytes = 8 * 1024 * 1024): SharedState {
  const clock = createNodeClock();
  const log = new NodeLog(clock, idempotencyCacheBytes);
  return { log, clock, cluster: createNodeCluster(), resets: new Set() };
}

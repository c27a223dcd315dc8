import type { NodeAddress, NodeCluster } from "./node-cluster.ts";
import type { NodeClock } from "./node-clock.ts";
import type { FaultSource } from "./node-faults.ts";
import type { NodeLog } from "./node-log.ts";
import type { OpenCalls } from "./open-calls.ts";
import type { grpc, Protocol } from "./protocol.ts";

/** Limits of an append, in bytes. */
export interface AppendLimits {
  readonly maxAppendSize: number;
  readonly maxEventSize: number;
}

/** What the services of a node share. */
export interface NodeContext {
  readonly protocol: Protocol;
  readonly log: NodeLog;
  readonly clock: NodeClock;
  readonly faults: FaultSource;
  readonly cluster: NodeCluster;
  /** This node's address, as the cluster knows it. */
  readonly self: NodeAddress;
  /** Cuts all connections of clients. */
  readonly disconnect: () => void;
  readonly openCalls: OpenCalls;
  readonly limits: AppendLimits;
}

/** A gRPC service of the node. */
export interface NodeService {
  readonly definition: grpc.ServiceDefinition;
  readonly handlers: grpc.UntypedServiceImplementation;
  /** Forgets what the service holds beside the log, whose records are replaced right after. */
  reset?(): void;
  close?(): void;
}

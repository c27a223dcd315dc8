/** Where clients reach a node. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Who leads: shared by a node and its replicas. */
export interface NodeCluster {
  readonly members: Set<NodeAddress>;
  leader: NodeAddress | undefined;
  /** Called with each change of the leader. */
  onLeaderChange(listener: () => void): () => void;
  lead(address: NodeAddress): void;
}

export function createNodeCluster(): NodeCluster {
  const listeners = new Set<() => void>();
  return {
    members: new Set(),
    leader: undefined,
    onLeaderChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lead(address) {
      if (this.leader === address) return;
      this.leader = address;
      for (const listener of listeners) listener();
    },
  };
}

/** An item that waits in the store. */
export interface SpilledItem {
  readonly itemNo: bigint;
  readonly key: string;
  readonly item: Uint8Array;
}

/** What full queues keep for later, in order. One process at a time drains a queue. */
export interface SpillStore {
  /** Stores items behind all others. A key that is stored already is not stored again. */
  add(queue: string, items: readonly Omit<SpilledItem, "itemNo">[]): Promise<void>;

  /**
   * The oldest items, for whoever drains the queue now: the owner becomes that unless another one is, and stays it for
   * `leaseMs`. `waiting`: whether any item is stored, whoever drains it.
   */
  drain(
    queue: string,
    options: { readonly owner: string; readonly leaseMs: number; readonly limit: number },
  ): Promise<{ readonly items: readonly SpilledItem[]; readonly waiting: boolean }>;

  /** Removes items that were handled, unless another process drains the queue meanwhile and handles them again. */
  remove(queue: string, owner: string, items: readonly bigint[]): Promise<void>;

  /** Lets others drain the queue at once. */
  release(queue: string, owner: string): Promise<void>;
}

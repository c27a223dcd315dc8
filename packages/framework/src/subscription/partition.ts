import { partitionHashSpace } from "./partition-hash.ts";

/** A range of the partition hash space, both ends inclusive. */
export interface Partition {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** All of the hash space: the default. */
export const wholeLog: Partition = { number: 0, from: 0, to: partitionHashSpace - 1 };

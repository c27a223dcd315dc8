import { partitionHash, partitionHashSpace } from "./partition-hash.ts";

/** A range of the partition hash space, both ends inclusive. */
export interface Partition {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** Whether a partition is all there is, so that no key needs to be hashed. */
export function isWhole({ from, to }: Partition): boolean {
  return from === 0 && to === partitionHashSpace - 1;
}

/** Whether a key belongs to a partition. */
export function contains({ from, to }: Partition, key: string): boolean {
  const hash = partitionHash(key);
  return hash >= from && hash <= to;
}

/** The hash space in `count` ranges of equal size, numbered from 0. */
export function equalPartitions(count: number): readonly Partition[] {
  return Array.from({ length: count }, (_, number) => ({
    number,
    from: Math.floor((partitionHashSpace * number) / count),
    to: Math.floor((partitionHashSpace * (number + 1)) / count) - 1,
  }));
}

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  contains,
  equalPartitions,
  isWhole,
} from "../../../packages/framework/src/subscription/partition.ts";

test("equal partitions cover the hash space without gap or overlap, and each key has one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), fc.string(), (count, key) => {
      const partitions = equalPartitions(count);
      expect(partitions).toHaveLength(count);
      expect(partitions[0]?.from).toBe(0);
      expect(partitions.at(-1)?.to).toBe(65_535);
      for (const [index, { from }] of partitions.entries())
        expect(from).toBe(index === 0 ? 0 : (partitions[index - 1]?.to ?? 0) + 1);
      expect(partitions.filter((partition) => contains(partition, key))).toHaveLength(1);
    }),
  );
});

test("only a single partition is the whole", () => {
  expect(equalPartitions(1).every(isWhole)).toBe(true);
  expect(equalPartitions(2).some(isWhole)).toBe(false);
});

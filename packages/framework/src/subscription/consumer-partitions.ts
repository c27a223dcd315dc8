import type { TidemarkError } from "../errors.ts";
import type { PartitionReport, PartitionStore } from "./partition-store.ts";

/** What is divided, under its name. */
export interface DividedConsumer {
  /** Under which the store keeps its checkpoints. */
  readonly subscription: string;
  /** Why it cannot be cut in parts; absent when it can. */
  readonly whole?: TidemarkError | undefined;
}

/**
 * The partitions of projections or of subscriptions, changed while processes work on them.
 *
 * @example
 * await application.projections.partitions.split("balances", 0);
 */
export class ConsumerPartitions {
  readonly #store: PartitionStore;
  readonly #find: (name: string) => Promise<DividedConsumer>;

  /** @param find throws `projection-unknown` or `subscription-unknown` */
  constructor(store: PartitionStore, find: (name: string) => Promise<DividedConsumer>) {
    this.#store = store;
    this.#find = find;
  }

  /** In order of their ranges. */
  async list(name: string): Promise<readonly PartitionReport[]> {
    const { subscription } = await this.#find(name);
    return this.#store.partitions(subscription);
  }

  /**
   * Cuts a partition in two: both go on from its checkpoint.
   *
   * @throws TidemarkError `partition-unknown`, `validation-failed`, `projection-unknown`, `subscription-unknown`;
   * `definition-invalid` for a projection of the handlers form without `partitionBy`.
   */
  async split(name: string, partition: number): Promise<void> {
    const { subscription, whole } = await this.#find(name);
    if (whole !== undefined) throw whole;
    await this.#store.split(subscription, partition);
  }

  /**
   * Makes two neighbouring partitions one, once the slower one has come to where the other waits for it.
   *
   * @throws TidemarkError `partition-unknown`, `validation-failed`, `projection-unknown`, `subscription-unknown`.
   */
  async merge(name: string, left: number, right: number): Promise<void> {
    const { subscription } = await this.#find(name);
    await this.#store.merge(subscription, left, right);
  }
}

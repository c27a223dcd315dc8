import type { PartitionReport, PartitionStore } from "./partition-store.ts";

/**
 * The partitions of subscriptions, changed while processes work on them.
 *
 * @example
 * await application.subscriptions.partitions.split("confirmations", 0);
 */
export class SubscriptionPartitions {
  readonly #store: PartitionStore;
  readonly #keptAs: (name: string) => Promise<string>;

  /** @param keptAs under which name the store knows a subscription; throws for one that is not there */
  constructor(store: PartitionStore, keptAs: (name: string) => Promise<string>) {
    this.#store = store;
    this.#keptAs = keptAs;
  }

  /** In order of their ranges. */
  async list(subscription: string): Promise<readonly PartitionReport[]> {
    return this.#store.partitions(await this.#keptAs(subscription));
  }

  /**
   * Cuts a partition in two: both go on from its checkpoint.
   *
   * @throws TidemarkError `partition-unknown`, `validation-failed`, `subscription-unknown`.
   */
  async split(subscription: string, partition: number): Promise<void> {
    await this.#store.split(await this.#keptAs(subscription), partition);
  }

  /**
   * Makes two neighbouring partitions one, once the slower one has come to where the other waits for it.
   *
   * @throws TidemarkError `partition-unknown`, `validation-failed`, `subscription-unknown`.
   */
  async merge(subscription: string, left: number, right: number): Promise<void> {
    await this.#store.merge(await this.#keptAs(subscription), left, right);
  }
}

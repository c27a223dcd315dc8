import { TidemarkError } from "../errors.ts";
import type { PartitionReport, PartitionStore } from "../subscription/partition-store.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build } from "./build.ts";

/** Finds a projection and the build of its version that is under way, or the one that serves. */
type FindBuild = (name: string) => Promise<{ readonly definition: AnyProjection; readonly build: Build }>;

/**
 * The partitions of projections, changed while processes work on them.
 *
 * @example
 * await application.projections.partitions.split("balances", 0);
 */
export class ProjectionPartitions {
  readonly #store: PartitionStore;
  readonly #find: FindBuild;

  constructor(store: PartitionStore, find: FindBuild) {
    this.#store = store;
    this.#find = find;
  }

  /** In order of their ranges. */
  async list(projection: string): Promise<readonly PartitionReport[]> {
    const { build } = await this.#find(projection);
    return this.#store.partitions(build.subscription);
  }

  /**
   * Cuts a partition in two: both go on from its checkpoint.
   *
   * @throws TidemarkError `partition-unknown`, `validation-failed`, `projection-unknown`; `definition-invalid` for
   * a projection of the handlers form without `partitionBy`.
   */
  async split(projection: string, partition: number): Promise<void> {
    const { definition, build } = await this.#find(projection);
    if (definition.form === "handlers" && definition.partitionOf === null) {
      throw new TidemarkError(
        "definition-invalid",
        `The projection ${projection} has no partitionBy: without it nobody knows which of its events belong together.`,
      );
    }
    await this.#store.split(build.subscription, partition);
  }

  /**
   * Makes two neighbouring partitions one, once the slower one has come to where the other waits for it.
   *
   * @throws TidemarkError `partition-unknown`, `validation-failed`, `projection-unknown`.
   */
  async merge(projection: string, left: number, right: number): Promise<void> {
    const { build } = await this.#find(projection);
    await this.#store.merge(build.subscription, left, right);
  }
}

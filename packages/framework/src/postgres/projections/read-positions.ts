import type { PartitionPosition } from "../../subscription/checkpoint-store.ts";
import type { ProjectionConnections } from "./projection-connections.ts";

/** How far the partitions of each subscription have come. */
export async function readPositions(
  connections: ProjectionConnections,
  schema: string,
  subscriptions: readonly string[],
): Promise<ReadonlyMap<string, readonly PartitionPosition[]>> {
  const rows = await connections.run<PartitionPosition & { readonly subscription: string }>(
    connections.control,
    {
      text: `select subscription, partition, position from ${schema}.checkpoints
        where subscription = any ($1) order by subscription, partition`,
      values: [[...subscriptions]],
    },
    "tidemark_positions",
  );
  const positions = new Map<string, PartitionPosition[]>();
  for (const { subscription, partition, position } of rows) {
    positions.set(subscription, [...(positions.get(subscription) ?? []), { partition, position }]);
  }
  return positions;
}

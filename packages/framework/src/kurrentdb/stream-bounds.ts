import type { StreamMetadata } from "../event-store/stream-metadata.ts";
import type { RecordReader } from "./record-reader.ts";

/** What stands in a stream's metadata on the server, and what of it the caller of the store has set. */
export interface StreamBounds {
  /** Last revision of the metadata's own stream, `null` when there was never any. */
  readonly revision: bigint | null;
  readonly deleted: boolean;
  /** Events before it belong to a deletion and never come back. */
  readonly floor: bigint;
  readonly metadata: StreamMetadata;
  /** Keys that are not Tidemark's, such as an access list; kept as they are. */
  readonly others: Readonly<Record<string, unknown>>;
}

/** Beside the server's own keys: what the caller has set of `$tb`, and what a deletion has. */
const ownKey = "tidemark";

/** A deleted stream's `$tb` is 2^63 - 1, which a number cannot hold: everything near it is that. */
const deletedFrom = 2 ** 62;

/** The bounds of a stream as the server keeps them, in the stream `$$<name>`. */
export async function readStreamBounds(reader: RecordReader, name: string): Promise<StreamBounds> {
  const chunk = await reader.stream(`$$${name}`, "end", { direction: "backwards", maxCount: 1 });
  const [record] = chunk?.records ?? [];
  const {
    $tb,
    $maxCount,
    $maxAge,
    [ownKey]: own,
    ...others
  }: Record<string, unknown> = typeof record?.data === "object" ? { ...record.data } : {};
  const { truncateBefore, floor }: Record<string, unknown> = typeof own === "object" ? { ...own } : {};
  const bound = typeof $tb === "number" ? $tb : 0;
  const deleted = bound >= deletedFrom;
  // A `$tb` that the store did not write is what the server leaves when a deleted stream is written to again.
  const deletedBefore = own === undefined ? bound : Number(floor ?? 0);
  return {
    revision: record?.revision ?? null,
    deleted,
    floor: deleted ? 0n : BigInt(deletedBefore),
    metadata: {
      ...(typeof $maxCount === "number" ? { maxCount: $maxCount } : {}),
      ...(typeof $maxAge === "number" ? { maxAgeSeconds: $maxAge } : {}),
      ...(typeof truncateBefore === "string" ? { truncateBefore: BigInt(truncateBefore) } : {}),
    },
    others,
  };
}

export async function isDeleted(reader: RecordReader, name: string): Promise<boolean> {
  return (await readStreamBounds(reader, name)).deleted;
}

/** For the client's `setStreamMetadata`, which gives its own names to the server's keys. */
export function toServerMetadata(
  { maxCount, maxAgeSeconds, truncateBefore }: StreamMetadata,
  { floor, others }: StreamBounds,
): Record<string, unknown> {
  const before = truncateBefore !== undefined && truncateBefore > floor ? truncateBefore : floor;
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  return {
    ...others,
    ...(maxCount === undefined ? {} : { $maxCount: maxCount }),
    ...(maxAgeSeconds === undefined ? {} : { $maxAge: maxAgeSeconds }),
    ...(before === 0n ? {} : { $tb: Number(before < largest ? before : largest) }),
    [ownKey]: {
      ...(truncateBefore === undefined ? {} : { truncateBefore: truncateBefore.toString() }),
      ...(floor === 0n ? {} : { floor: floor.toString() }),
    },
  };
}

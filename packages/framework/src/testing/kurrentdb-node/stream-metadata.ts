/** What the node heeds of a stream's `$metadata`. */
export interface StreamMetadata {
  readonly maxCount?: number;
  /** Seconds. */
  readonly maxAge?: number;
  readonly truncateBefore?: number;
}

/** `$tb` of a soft-deleted stream is 2^63 - 1, which JSON.parse rounds up to 2^63. */
export const softDeletedBefore = 2 ** 63;

/** Raw text of the metadata that a soft delete writes; a number of JavaScript would lose its last digit. */
export const softDeleteMetadata = '{"$tb":9223372036854775807}';

export function isMetastream(stream: string): boolean {
  return stream.startsWith("$$");
}

export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

export function originalStreamOf(metastream: string): string {
  return metastream.slice(2);
}

/** Reads the metadata of a stream; text that is not a JSON object counts as empty, as on the server. */
export function parseStreamMetadata(data: Uint8Array): StreamMetadata {
  const raw = parseObject(data);
  const maxCount = count(raw["$maxCount"]);
  const maxAge = count(raw["$maxAge"]);
  const truncateBefore = count(raw["$tb"]);
  return {
    ...(maxCount !== undefined && { maxCount }),
    ...(maxAge !== undefined && { maxAge }),
    ...(truncateBefore !== undefined && { truncateBefore }),
  };
}

/** The metadata with another truncation point: what an append to a soft-deleted stream leaves behind. */
export function withTruncateBefore(data: Uint8Array, revision: number): Uint8Array {
  return Buffer.from(JSON.stringify({ ...parseObject(data), $tb: revision }), "utf8");
}

function parseObject(data: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString("utf8"));
    // A JSON object has string keys and unknown values; arrays do no harm here, they have none of the keys.
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? value : undefined;
}

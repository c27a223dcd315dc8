/**
 * Bounds what reads of one stream show. Positions, revisions, expected revisions and reads of the whole log stay as
 * they are: nothing is removed.
 */
export interface StreamMetadata {
  /** Only the newest so many events, at least 1. */
  readonly maxCount?: number;
  /** Only events recorded within so many seconds, at least 1. */
  readonly maxAgeSeconds?: number;
  /** Only events from this revision on. */
  readonly truncateBefore?: bigint;
}

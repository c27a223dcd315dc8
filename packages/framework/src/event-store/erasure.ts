/** Which payloads of a stream go away for good, who asks for it, why, and when. */
export interface ErasureRequest {
  readonly tenant?: string;
  /** First revision, inclusive; default: the stream's start. */
  readonly from?: bigint;
  /** Last revision, inclusive; default: the last one at the time of the erasure. */
  readonly to?: bigint;
  /** Kept with the record of the erasure. */
  readonly requestedBy: string;
  readonly reason: string;
  /** Not before this time; an open store carries it out once it is due. Default: now, before the call returns. */
  readonly at?: Date;
}

/**
 * - `erased`: the payloads are gone, place, type and metadata stay; read models that fold one of `types` still show
 *   the data until they are rebuilt.
 * - `scheduled`: recorded, and carried out when it is due.
 */
export type ErasureOutcome =
  | { readonly status: "erased"; readonly events: bigint; readonly types: readonly string[] }
  | { readonly status: "scheduled"; readonly at: Date };

/** Whose key it is: the same key of another principal or tenant is another key. */
export interface IdempotencyIdentity {
  readonly tenant: string;
  readonly principal: string;
  readonly key: string;
}

/** Written in the same atomic step as the append that it answers for, also when that append has no events. */
export interface IdempotencyEntry {
  readonly identity: IdempotencyIdentity;
  /** sha256 over operation, target and canonical input: tells a repeat from a reuse. */
  readonly requestHash: Uint8Array;
  /** What the command layer needs to give the first answer again; opaque to the store. */
  readonly body: Uint8Array;
  /** How long the record is kept, in milliseconds. */
  readonly timeToLiveMs: number;
}

/** A remembered answer. `revision` and `position` are those of the append; `null` when it had no events. */
export interface IdempotencyRecord {
  readonly requestHash: Uint8Array;
  readonly body: Uint8Array;
  readonly revision: bigint | null;
  readonly position: bigint | null;
}

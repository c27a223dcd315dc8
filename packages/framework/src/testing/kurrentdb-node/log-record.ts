/** One event in the node's log. Revisions and positions are safe integers: the log lives in memory. */
export interface LogRecord {
  /** Place in the log, without gaps; not visible to clients. */
  readonly index: number;
  /** Byte offset in an imagined log file: unique, increasing, with gaps. Commit and prepare position are equal. */
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly customMetadata: Uint8Array;
  /** Milliseconds since 1970, by the node's clock. */
  readonly created: number;
}

/** An event as a client proposes it. */
export type ProposedRecord = Pick<LogRecord, "id" | "type" | "contentType" | "data" | "customMetadata">;

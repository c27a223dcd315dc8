/** A place in the server's log: a byte offset, unique, increasing, with gaps. */
export interface KurrentDbPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

export interface KurrentDbRecord {
  readonly streamId: string;
  readonly id: string;
  readonly revision: bigint;
  readonly type: string;
  readonly isJson: boolean;
  readonly created: Date;
  readonly data: unknown;
  readonly metadata: unknown;
  /** In reads of one stream since server 22.6. */
  readonly position?: KurrentDbPosition | undefined;
}

export interface KurrentDbResolvedEvent {
  readonly event?: KurrentDbRecord | undefined;
  readonly commitPosition?: bigint | undefined;
}

export type KurrentDbEventData =
  | {
      readonly id: string;
      readonly contentType: "application/octet-stream";
      readonly type: string;
      readonly data: Uint8Array;
      readonly metadata: Record<string, unknown>;
    }
  | {
      readonly id: string;
      readonly contentType: "application/json";
      readonly type: string;
      readonly data: Record<string, unknown>;
      readonly metadata: undefined;
    };

export type KurrentDbExpectation = "any" | "no_stream" | "stream_exists" | bigint;

export interface KurrentDbCallOptions {
  readonly requiresLeader?: boolean;
}

/** The same expectation under two names: that of EventStoreDB's client and that of its successor. */
export interface KurrentDbAppendOptions extends KurrentDbCallOptions {
  readonly expectedRevision?: KurrentDbExpectation;
  readonly streamState?: KurrentDbExpectation;
}

export interface KurrentDbFilter {
  readonly filterOn: "eventType" | "streamName";
  readonly checkpointInterval: number;
  readonly regex: string;
}

/** A read under way. EventStoreDB's client has `cancel`, which its call needs to end early. */
export interface KurrentDbRead extends AsyncIterable<KurrentDbResolvedEvent> {
  cancel?(): Promise<void>;
  on?(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** A live subscription: a readable stream of resolved events. */
export interface KurrentDbSubscription {
  readonly readableLength: number;
  read(): unknown;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  unsubscribe(): Promise<void>;
  destroy(): unknown;
}

/**
 * What the store uses of a client: `EventStoreDBClient` of `@eventstore/db-client` 6.2 and `KurrentDBClient` of
 * `@kurrent/kurrentdb-client` 1.3 both have it.
 */
export interface KurrentDbClient {
  appendToStream(
    stream: string,
    events: KurrentDbEventData[],
    options?: KurrentDbAppendOptions,
  ): Promise<{ readonly nextExpectedRevision: bigint; readonly position?: KurrentDbPosition | undefined }>;

  readStream(
    stream: string,
    options?: KurrentDbCallOptions & {
      readonly maxCount?: number;
      readonly fromRevision?: "start" | "end" | bigint;
      readonly direction?: "forwards" | "backwards";
    },
  ): KurrentDbRead;

  readAll(
    options?: KurrentDbCallOptions & {
      readonly maxCount?: number;
      readonly fromPosition?: "start" | "end" | KurrentDbPosition;
      readonly direction?: "forwards" | "backwards";
    },
  ): KurrentDbRead;

  subscribeToAll(
    options?: KurrentDbCallOptions & {
      readonly fromPosition?: "start" | "end" | KurrentDbPosition;
      readonly filter?: KurrentDbFilter;
    },
    readable?: { readonly highWaterMark: number },
  ): KurrentDbSubscription;

  deleteStream(
    stream: string,
    options?: KurrentDbCallOptions & { readonly expectedRevision?: "any" | "no_stream" | bigint },
  ): Promise<unknown>;

  setStreamMetadata(
    stream: string,
    metadata: Record<string, unknown>,
    options?: KurrentDbAppendOptions,
  ): Promise<unknown>;
}

/** How a group's events are handed out; times are milliseconds. */
export interface SubscriptionSettings {
  readonly startFrom: StartFrom;
  readonly resolveLinks: boolean;
  readonly extraStatistics: boolean;
  /** 0 waits for ever. */
  readonly messageTimeout: number;
  readonly maxRetryCount: number;
  readonly checkpointAfter: number;
  readonly minCheckpointCount: number;
  readonly maxCheckpointCount: number;
  /** 0 admits any number. */
  readonly maxSubscriberCount: number;
  readonly liveBufferSize: number;
  readonly readBatchSize: number;
  readonly historyBufferSize: number;
  readonly consumerStrategy: string;
}

/** Where a group without a checkpoint begins; a revision of the stream or a position of $all, both inclusive. */
export type StartFrom = "start" | "end" | number;

/** Why the server refuses the settings, or undefined. */
export function settingsFault(settings: SubscriptionSettings): string | undefined {
  if (settings.readBatchSize <= 0) return "Read batch size must be greater than 0.";
  if (settings.readBatchSize >= settings.historyBufferSize) {
    return "Read batch size must be less than the history buffer size.";
  }
  if (settings.maxCheckpointCount > 0 && settings.minCheckpointCount > settings.maxCheckpointCount) {
    return "The minimum checkpoint count must not exceed the maximum.";
  }
  return undefined;
}

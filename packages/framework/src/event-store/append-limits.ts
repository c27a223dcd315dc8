/** What one append may carry; beyond it is refused with `event-too-large` before anything is sent. */
export interface AppendLimits {
  /** Bytes of one event, data and metadata together. */
  readonly eventBytes: number;
  /** Bytes of all events of one append. */
  readonly appendBytes: number;
  /** Events of one append. */
  readonly appendEvents: number;
}

export const defaultAppendLimits: AppendLimits = {
  eventBytes: 256 * 1024,
  appendBytes: 1024 * 1024,
  appendEvents: 1_000,
};

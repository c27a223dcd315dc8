/** One call of `appendMany` by a writer, and what it was told. Every attempt brings events of its own. */
export interface Attempt {
  readonly id: string;
  /** Its idempotency key, which other attempts, also of other processes, may share. */
  readonly key: string | null;
  readonly streams: readonly { readonly streamId: string; readonly eventIds: readonly string[] }[];
  /**
   * - `recorded`: its key was answered before; `recordedBy` is the attempt that the answer names.
   * - `refused`: certainly not written.
   * - `unknown`: the connection broke and there was no key to ask with.
   * - `failed`: an error that no disturbance explains.
   */
  readonly outcome: "appended" | "recorded" | "refused" | "unknown" | "failed";
  /** Of the last event, when `appended`. */
  readonly position?: string;
  /** The last one of each stream, when `appended`. */
  readonly revisions?: readonly string[];
  readonly recordedBy?: string;
  readonly error?: string;
  /** By the clock of the machine, in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
}

import type { NodeClock } from "../node-clock.ts";
import type { SubscriptionCheckpoint } from "./subscription-checkpoint.ts";
import type { SubscriptionSettings } from "./subscription-settings.ts";

export interface CheckpointProgressOptions {
  readonly clock: NodeClock;
  readonly settings: SubscriptionSettings;
  readonly checkpoint: SubscriptionCheckpoint;
  /** Up to where everything is done: number of messages, and the place of the last one. */
  readonly lowest: () => { readonly sequence: number; readonly place: string | undefined };
}

/** Decides when a group writes its checkpoint: by count, or by time once there are enough. */
export class CheckpointProgress {
  readonly #options: CheckpointProgressOptions;
  #written: string | undefined;
  #writtenSequence = 0;
  #writtenAt: number;
  #cancelTimer: (() => void) | undefined;

  constructor(options: CheckpointProgressOptions) {
    this.#options = options;
    this.#written = options.checkpoint.read();
    this.#writtenAt = options.clock.now();
  }

  /** The checkpoint that was written last. */
  get last(): string | undefined {
    return this.#written;
  }

  /** To be called when a message is done. */
  check(): void {
    const { settings, clock } = this.#options;
    const done = this.#options.lowest().sequence - this.#writtenSequence;
    if (done <= 0) return;
    if (done >= settings.maxCheckpointCount) this.#write();
    else if (done >= settings.minCheckpointCount && this.#cancelTimer === undefined) {
      const rest = this.#writtenAt + settings.checkpointAfter - clock.now();
      this.#cancelTimer = clock.after(Math.max(rest, 1), () => {
        this.#cancelTimer = undefined;
        this.#write();
      });
    }
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #write(): void {
    this.close();
    const { sequence, place } = this.#options.lowest();
    this.#writtenSequence = sequence;
    this.#writtenAt = this.#options.clock.now();
    if (place === undefined || place === this.#written) return;
    this.#written = place;
    this.#options.checkpoint.write(place);
  }
}

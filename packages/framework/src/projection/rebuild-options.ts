import type { FollowOptions } from "./follow-rebuild.ts";

export interface RebuildOptions extends FollowOptions {
  /**
   * Events a second that are read at most, in whichever process; `null` for no limit. Default: what the rebuild under
   * way has, or the `rebuildRate` of the process that works on it. Must be above the rate at which events are appended.
   */
  readonly eventsPerSecond?: number | null;
  /**
   * Let it serve although events of it are parked. Default false: while another build serves, it waits until they are
   * retried or discarded.
   */
  readonly activateWithParked?: boolean;
}

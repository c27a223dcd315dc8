import type { BuildProgress } from "./build.ts";

export interface RebuildOptions {
  readonly onProgress?: (progress: BuildProgress) => void;
  /**
   * Events a second that this process reads at most for it; `null` for no limit. Default: the supervisor's
   * `rebuildRate`, or what the rebuild under way has. Must be above the rate at which events are appended.
   */
  readonly eventsPerSecond?: number | null;
  readonly signal?: AbortSignal;
}

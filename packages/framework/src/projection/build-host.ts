import type { Build } from "./build.ts";

/** Works on builds elsewhere than in this thread, so that folding history does not hold up what serves. */
export interface BuildHost {
  /** Whether a build is worth it. */
  takes(build: Build): boolean;
  /** Works on the build, after the delay, until it is under way no more. Nothing happens when it already does. */
  begin(build: Build, startDelayMs: number): void;
  has(id: bigint): boolean;
  /** Stops working on the build: its lease is free afterwards. */
  end(id: bigint): Promise<void>;
  close(): Promise<void>;
}

import type { WhenFull } from "../intake/intake-gate.ts";

/** How many commands one process has under way. */
export interface CommandIntake {
  /** Queued for their stream or running, at once; default 10,000. */
  readonly maxCommands: number;
  /**
   * What happens beyond. `slow`, the default: a command waits until there is room, or its signal aborts; as many again
   * may wait so. `reject`, and what is beyond that: `overloaded`.
   */
  readonly whenFull: WhenFull;
}

export const defaultCommandIntake: CommandIntake = { maxCommands: 10_000, whenFull: "slow" };

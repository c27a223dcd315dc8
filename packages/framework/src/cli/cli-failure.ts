/** Exit statuses of the command. */
export const exitStatus = {
  /** It was done, and the answer is no: rows differ, a sequence fails again, a build waits. */
  negative: 1,
  /** It could not be done: a wrong option, a missing file, a database out of reach. */
  failed: 2,
  /** Ctrl-C, as shells expect it. */
  interrupted: 130,
} as const;

/** What the person at the keyboard can put right; shown without a stack. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
}

/** Exit statuses of the command. */
export const exitStatus = {
  /** A schema is refused, or would be. */
  refused: 1,
  /** It could not be done: a wrong option, a missing file, a registry out of reach. */
  failed: 2,
  /** Ctrl-C, as shells expect it. */
  interrupted: 130,
} as const;

/** What the person at the keyboard can put right; shown without a stack. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
}

/** An event could not be handled: its handler threw or ran out of time, or what it wrote was refused. */
export class EventFailure extends Error {
  override readonly name = "EventFailure";
  /** Of the event; `null` when it is one of those being committed and nobody knows which. */
  readonly position: bigint | null;

  constructor(position: bigint | null, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.position = position;
  }
}

/** A KurrentDB that cannot be used; the message says what to do, without credentials. */
export class KurrentDbError extends Error {
  override readonly name = "KurrentDbError";
}

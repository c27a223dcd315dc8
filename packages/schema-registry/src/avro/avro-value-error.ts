/**
 * A value that its schema does not admit, or bytes that are not an encoding of the schema.
 * The message is one sentence: `amount: expected long (bigint), got number 1; write 1n`.
 */
export class AvroValueError extends Error {
  override readonly name = "AvroValueError";
  readonly code = "AVRO_INVALID_VALUE";
  /** Where in the value, such as `postings[3].amount`; empty for the value itself. */
  readonly path: string;
  /** What the schema asks for. */
  readonly expected: string;
  /** What was found, described and shortened. */
  readonly actual: string;

  constructor(
    details: { path: string; expected: string; actual: string; remedy?: string },
    options?: ErrorOptions,
  ) {
    const { path, expected, actual, remedy = "" } = details;
    const place = path === "" ? "value" : path;
    super(`${place}: expected ${expected}, got ${actual}${remedy === "" ? "" : `; ${remedy}`}`, options);
    this.path = path;
    this.expected = expected;
    this.actual = actual;
  }
}

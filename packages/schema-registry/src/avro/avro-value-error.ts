/**
 * A value that its schema does not admit, or bytes that are not an encoding of the schema.
 * The message is one sentence: `amount: expected long (bigint), got number 1`.
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

  constructor(details: { path: string; expected: string; actual: string }, options?: ErrorOptions) {
    const place = details.path === "" ? "value" : details.path;
    super(`${place}: expected ${details.expected}, got ${details.actual}`, options);
    this.path = details.path;
    this.expected = details.expected;
    this.actual = details.actual;
  }
}

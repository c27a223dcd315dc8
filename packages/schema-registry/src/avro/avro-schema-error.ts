/** A schema that breaks a rule of the Avro specification, or one that exceeds a limit of the parser. */
export class AvroSchemaError extends Error {
  override readonly name = "AvroSchemaError";
  readonly code = "AVRO_INVALID_SCHEMA";
  /** JSON pointer into the schema document, such as `/fields/1/type`; empty for the document itself. */
  readonly path: string;
  /** A stable word for the broken rule, such as `duplicate-name`. */
  readonly rule: string;

  constructor(details: { path: string; rule: string; message: string }, options?: ErrorOptions) {
    super(details.path === "" ? details.message : `${details.message} (at ${details.path})`, options);
    this.path = details.path;
    this.rule = details.rule;
  }
}

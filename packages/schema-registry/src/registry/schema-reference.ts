/** A version of another subject whose named type a schema uses. */
export interface SchemaReference {
  /** The Avro full name under which the schema uses it. */
  readonly name: string;
  readonly subject: string;
  /** A version number; -1 means the latest at the time of registration. */
  readonly version: number;
}

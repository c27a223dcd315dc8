import type { DefinitionNode, FieldNode } from "./parsed-schema.ts";

/** The kinds of Apache Avro's `SchemaCompatibility`. */
export const differenceKinds = [
  "NAME_MISMATCH",
  "FIXED_SIZE_MISMATCH",
  "MISSING_ENUM_SYMBOLS",
  "READER_FIELD_MISSING_DEFAULT_VALUE",
  "TYPE_MISMATCH",
  "MISSING_UNION_BRANCH",
] as const;

export type DifferenceKind = (typeof differenceKinds)[number];

/** A place where the reader's schema cannot read the writer's data. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** JSON pointer into the reader's schema, `/` for all of it. */
  readonly path: string;
  /** The same place by names, such as `ledger.Entry.postings[].amount`; empty outside records. */
  readonly label: string;
  readonly reader: DefinitionNode;
  readonly writer: DefinitionNode;
  /** The reader's field that has no counterpart, or too many. */
  readonly field?: FieldNode;
  /** The writer's fields that the reader's field matches. */
  readonly fields?: readonly string[];
  readonly symbols?: readonly string[];
  /** The writer's branch that the reader's union does not take. */
  readonly branch?: DefinitionNode;
  /** Why the branch of the reader that comes closest does not take it. */
  readonly nested?: readonly Difference[];
}

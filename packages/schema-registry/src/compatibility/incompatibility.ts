import type { DifferenceKind } from "../avro/difference.ts";

/** The kinds of Apache Avro's `SchemaCompatibility`. */
export type IncompatibilityKind = DifferenceKind;

/** One reason why data of the writer cannot be read with the reader. */
export interface Incompatibility {
  readonly kind: IncompatibilityKind;
  /** JSON pointer into the reader's schema, such as `/fields/3/type`. */
  readonly path: string;
  /** What differs, in one sentence. */
  readonly message: string;
  /** How to make the change compatible, in one sentence. */
  readonly hint: string;
  /** The reader's schema at `path`, as canonical text. */
  readonly readerFragment: string;
  /** The writer's schema that cannot be read there, as canonical text. */
  readonly writerFragment: string;
  /** For a union branch: why the branch that comes closest does not match. */
  readonly nested?: readonly Incompatibility[];
}

import type { SchemaMetadata } from "./schema-metadata.ts";
import type { SchemaReference } from "./schema-reference.ts";

/** A schema as a context holds it: one id for each distinct text with its references. */
export interface StoredSchema {
  readonly id: number;
  /** The same in every context and every registry for the same content. */
  readonly guid: string;
  /** Hex sha256 of text, references and metadata. */
  readonly identity: string;
  /** Canonical text, references unresolved. */
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  readonly metadata: SchemaMetadata | null;
}

/** One version of a subject. */
export interface SubjectVersion extends StoredSchema {
  readonly subject: string;
  readonly version: number;
  /** True once soft-deleted: hidden from reads and checks, its id still answers. */
  readonly deleted: boolean;
  /** Who registered it; null when that was not known. */
  readonly author: string | null;
  readonly registeredAt: Date;
}

/** A version without its text. */
export interface VersionKey {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly deleted: boolean;
  readonly identity: string;
  /** Bytes of the canonical text. */
  readonly size: number;
  /** Whether the schema refers to others. */
  readonly refers: boolean;
}

/** A schema found by id, with the version of the subject that the question named. */
export interface FoundSchema extends StoredSchema {
  readonly subject?: string;
  readonly version?: number;
}

import type { ParsedSchema } from "../avro/parsed-schema.ts";
import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";

/** A schema that this working tree wants to publish. */
export interface DeclaredSchema {
  readonly subject: string;
  /** The file that declares it, as it was named. */
  readonly source: string;
  readonly text: string;
  /** With the types of other files by reference. */
  readonly parsed: ParsedSchema;
  /** Full name of the type, or the word of an unnamed one. */
  readonly name: string;
  /** The files' schemas whose types it uses; they are published before it. */
  readonly uses: readonly DeclaredSchema[];
  /** The level that its subject is given unless it has one; null leaves it to the global one. */
  readonly level: CompatibilityLevel | null;
}

/** A file or event whose schema is no schema. */
export interface InvalidDeclaration {
  readonly source: string;
  readonly subject: string;
  readonly message: string;
  readonly path: string;
}

export interface Declarations {
  /** Each after those that it uses. */
  readonly schemas: readonly DeclaredSchema[];
  readonly invalid: readonly InvalidDeclaration[];
}

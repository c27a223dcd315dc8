import type { AvroSchema } from "./avro-schema.ts";
import type { Decimal } from "./decimal.ts";

/**
 * The TypeScript type of the values of an Avro schema literal (written with `as const`, or taken by a `const` type
 * parameter). `long` is `bigint`, bytes are `Uint8Array`, logical types become what the codec gives: see `createCodec`.
 * A union with at most one branch besides `null` is that branch `| null`; with more, values are wrapped as
 * `{ [branch name]: value }`, named as in Avro's JSON encoding.
 */
export type FromAvro<S> = AvroSchema extends S ? unknown : ValueOf<S, "", Definitions<S, "">>;

interface Primitives {
  null: null;
  boolean: boolean;
  int: number;
  long: bigint;
  float: number;
  double: number;
  bytes: Uint8Array;
  string: string;
}

interface Definition {
  fullName: string;
  /** The namespace that encloses the definition. */
  namespace: string;
  schema: unknown;
}

type ValueOf<S, NS extends string, Defs extends Definition> = S extends string
  ? S extends keyof Primitives
    ? Primitives[S]
    : Resolve<FullName<S, NS>, Defs>
  : S extends readonly unknown[]
    ? UnionValue<S[number], NS, Defs>
    : S extends { readonly type: infer T }
      ? S extends { readonly logicalType: infer L }
        ? LogicalValue<T, L, S, NS, Defs>
        : ComplexValue<T, S, NS, Defs>
      : never;

type Resolve<Full extends string, Defs extends Definition> = [Extract<Defs, { fullName: Full }>] extends [
  never,
]
  ? unknown
  : Extract<Defs, { fullName: Full }> extends { schema: infer S; namespace: infer NS extends string }
    ? ValueOf<S, NS, Defs>
    : unknown;

type ComplexValue<T, S, NS extends string, Defs extends Definition> = T extends "record" | "error"
  ? S extends { readonly fields: infer F extends readonly unknown[] }
    ? RecordValue<F[number], NamespaceWithin<S, NS>, Defs>
    : never
  : T extends "enum"
    ? S extends { readonly symbols: infer Symbols extends readonly string[] }
      ? Symbols[number]
      : never
    : T extends "fixed"
      ? Uint8Array
      : T extends "array"
        ? S extends { readonly items: infer I }
          ? readonly ValueOf<I, NS, Defs>[]
          : never
        : T extends "map"
          ? S extends { readonly values: infer V }
            ? Record<string, ValueOf<V, NS, Defs>>
            : never
          : ValueOf<T, NS, Defs>;

type RecordValue<Field, NS extends string, Defs extends Definition> = {
  [F in Field as F extends { readonly name: infer N extends string } ? N : never]: F extends {
    readonly type: infer T;
  }
    ? ValueOf<T, NS, Defs>
    : never;
};

type LogicalValue<T, L, S, NS extends string, Defs extends Definition> = [T, L] extends ["int", "date"]
  ? string
  : [T, L] extends ["long", "timestamp-millis"]
    ? Date
    : [T, L] extends ["bytes" | "fixed", "decimal"]
      ? S extends { readonly precision: number }
        ? Decimal
        : Uint8Array
      : [T, L] extends ["bytes", "big-decimal"]
        ? Decimal
        : [T, L] extends ["fixed", "uuid"]
          ? S extends { readonly size: 16 }
            ? string
            : Uint8Array
          : ComplexValue<T, S, NS, Defs>;

/** True for a union of two or more types: distributing over `B` meets the whole of `All` once per member. */
type IsUnion<B, All = B> = [B] extends [never]
  ? false
  : B extends unknown
    ? [All] extends [B]
      ? false
      : true
    : never;

type UnionValue<Branch, NS extends string, Defs extends Definition> =
  true extends IsUnion<Exclude<Branch, NullSchema>>
    ? | WrappedBranch<Exclude<Branch, NullSchema>, NS, Defs>
      | (Extract<Branch, NullSchema> extends never ? never : null)
    : ValueOf<Branch, NS, Defs>;

type NullSchema = "null" | { readonly type: "null" };

type WrappedBranch<B, NS extends string, Defs extends Definition> = B extends unknown
  ? { [N in BranchName<B, NS>]: ValueOf<B, NS, Defs> }
  : never;

type BranchName<B, NS extends string> = B extends string
  ? B extends keyof Primitives
    ? B
    : FullName<B, NS>
  : B extends { readonly type: "record" | "error" | "enum" | "fixed" }
    ? DefinedName<B, NS>
    : B extends { readonly type: infer T extends string }
      ? T
      : never;

type FullName<N extends string, NS extends string> = N extends `${string}.${string}`
  ? N
  : NS extends ""
    ? N
    : `${NS}.${N}`;

type DefinedName<S, NS extends string> = S extends { readonly name: infer N extends string }
  ? FullName<N, S extends { readonly namespace: infer Own extends string } ? Own : NS>
  : never;

/** The namespace that a definition gives to the types inside it. */
type NamespaceWithin<S, NS extends string> = NamespaceOf<DefinedName<S, NS>>;

type NamespaceOf<Full extends string> = Full extends `${infer Head}.${infer Tail}`
  ? Tail extends `${string}.${string}`
    ? `${Head}.${NamespaceOf<Tail>}`
    : Head
  : "";

/** Every named type defined anywhere in a schema. */
type Definitions<S, NS extends string> = S extends string
  ? never
  : S extends readonly unknown[]
    ? BranchDefinitions<S[number], NS>
    : S extends { readonly type: "record" | "error"; readonly fields: infer F extends readonly unknown[] }
      ? | { fullName: DefinedName<S, NS>; namespace: NS; schema: S }
        | FieldDefinitions<F[number], NamespaceWithin<S, NS>>
      : S extends { readonly type: "enum" | "fixed" }
        ? { fullName: DefinedName<S, NS>; namespace: NS; schema: S }
        : S extends { readonly type: "array"; readonly items: infer I }
          ? Definitions<I, NS>
          : S extends { readonly type: "map"; readonly values: infer V }
            ? Definitions<V, NS>
            : S extends { readonly type: infer T }
              ? Definitions<T, NS>
              : never;

type BranchDefinitions<B, NS extends string> = B extends unknown ? Definitions<B, NS> : never;

type FieldDefinitions<F, NS extends string> = F extends { readonly type: infer T }
  ? Definitions<T, NS>
  : never;

import type { Decimal } from "@tidemark/schema-registry/avro";

/** The PostgreSQL types that a read model's column can have. */
export type ColumnType =
  "text" | "integer" | "bigint" | "numeric" | "boolean" | "timestamptz" | "date" | "uuid" | "jsonb";

/** A column of a table: `Value` is what folds see and return, `Stored` what queries read. */
export interface Column<Value = unknown, Stored = unknown, Type extends ColumnType = ColumnType> {
  readonly type: Type;
  readonly nullable: boolean;
  /** Only for type inference; never set. */
  readonly "~value"?: Value;
  /** Only for type inference; never set. */
  readonly "~stored"?: Stored;
}

/** What folds see in this column. */
export type ColumnValue<C> = C extends { readonly "~value"?: infer Value }
  ? Exclude<Value, undefined>
  : never;

/** What queries read from this column: `numeric` is a decimal string there. */
export type ColumnStored<C> = C extends { readonly "~stored"?: infer Stored }
  ? Exclude<Stored, undefined>
  : never;

function column<Type extends ColumnType>(type: Type): { readonly type: Type; readonly nullable: false } {
  return Object.freeze({ type, nullable: false });
}

/** A string. PostgreSQL stores no NUL character. */
export const text = (): Column<string, string, "text"> => column("text");

/** A whole number within 32 bits. */
export const integer = (): Column<number, number, "integer"> => column("integer");

/** A whole number within 64 bits. */
export const bigint = (): Column<bigint, bigint, "bigint"> => column("bigint");

/** An exact decimal: `{ unscaled, scale }` in folds, a decimal string in queries. */
export const numeric = (): Column<Decimal, string, "numeric"> => column("numeric");

export const boolean = (): Column<boolean, boolean, "boolean"> => column("boolean");

/** A point in time, in milliseconds. */
export const timestamptz = (): Column<Date, Date, "timestamptz"> => column("timestamptz");

/** A calendar day, `YYYY-MM-DD`. */
export const date = (): Column<string, string, "date"> => column("date");

/** A uuid in lower case. */
export const uuid = (): Column<string, string, "uuid"> => column("uuid");

/** A JSON value; name its type: `jsonb<{ tags: string[] }>()`. */
export const jsonb = <Value = unknown>(): Column<Value, Value, "jsonb"> => column("jsonb");

/**
 * The same column, but it may be null.
 *
 * @example
 * closed_at: nullable(timestamptz())
 */
export function nullable<Value, Stored, Type extends ColumnType>(
  of: Column<Value, Stored, Type>,
): Column<Value | null, Stored | null, Type> {
  return Object.freeze({ type: of.type, nullable: true });
}

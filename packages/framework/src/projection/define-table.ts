import { TidemarkError } from "../errors.ts";
import type { Column, ColumnStored, ColumnType, ColumnValue } from "./column.ts";

export type Columns = Readonly<Record<string, Column>>;

/** Types whose values can be told apart with `===`, which a key needs. */
type KeyType = Exclude<ColumnType, "numeric" | "timestamptz" | "jsonb">;

type KeyColumn<C extends Columns> = {
  [Name in keyof C & string]: C[Name] extends Column<infer Value, unknown, infer Type>
    ? [Type] extends [KeyType]
      ? null extends Value
        ? never
        : Name
      : never
    : never;
}[keyof C & string];

/** A table of a read model, as plain data. The framework creates it, anew for each build. */
export interface Table<
  Name extends string = string,
  C extends Columns = Columns,
  Key extends readonly string[] = readonly string[],
> {
  readonly name: Name;
  readonly columns: C;
  readonly primaryKey: Key;
  readonly indexes: readonly (readonly string[])[];
}

/** A row as folds see it. */
export type RowOf<T extends Table> = {
  readonly [Name in keyof T["columns"]]: ColumnValue<T["columns"][Name]>;
};

/** A row as queries read it. `_position` is that of the last event that touched the row. */
export type StoredRowOf<T extends Table> = {
  readonly [Name in keyof T["columns"]]: ColumnStored<T["columns"][Name]>;
} & { readonly _position: bigint };

/** What names a row: the value itself when the primary key has one column, else an object of its columns. */
export type KeyOf<T extends Table> = T["primaryKey"] extends readonly [infer Only extends string]
  ? RowOf<T>[Only]
  : { readonly [Name in T["primaryKey"][number]]: RowOf<T>[Name] };

const identifier = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Describes a table of a fold projection.
 *
 * @throws TidemarkError `definition-invalid` naming the column or index.
 * @example
 * const accounts = defineTable(
 *   "accounts",
 *   { account_id: text(), owner: text(), balance: numeric(), closed_on: nullable(date()) },
 *   { primaryKey: ["account_id"], indexes: [["owner"]] },
 * );
 */
export function defineTable<
  const Name extends string,
  const C extends Columns,
  const Key extends readonly [KeyColumn<C>, ...KeyColumn<C>[]],
>(
  name: Name,
  columns: C,
  options: { readonly primaryKey: Key; readonly indexes?: readonly (readonly (keyof C & string)[])[] },
): Table<Name, C, Key> {
  const { primaryKey, indexes = [] } = options;
  for (const used of [name, ...Object.keys(columns)]) {
    if (!identifier.test(used)) invalid(name, `${JSON.stringify(used)} must be lower_case, a letter first`);
  }
  for (const used of [...primaryKey, ...indexes.flat()]) {
    if (!Object.hasOwn(columns, used)) invalid(name, `there is no column ${used} for its key or index`);
  }
  if (new Set(primaryKey).size !== primaryKey.length) invalid(name, "its primary key repeats a column");
  return Object.freeze({ name, columns, primaryKey, indexes });
}

function invalid(name: string, rule: string): never {
  throw new TidemarkError(
    "definition-invalid",
    `The table ${JSON.stringify(name)} is not well defined: ${rule}.`,
  );
}

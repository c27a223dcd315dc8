import type { AnyRow } from "./any-projection.ts";
import type { Table } from "./define-table.ts";

/** A key as one string: different keys of one table have different texts. */
export function keyText(key: readonly unknown[]): string {
  if (key.length === 1) return String(key[0]);
  return key.map((part) => `${String(part).length}:${String(part)}`).join("");
}

export function keyOfRow(table: Table, row: AnyRow): readonly unknown[] {
  return table.primaryKey.map((column) => row[column]);
}

/** The row with its key's values in the key's columns, whatever the fold wrote there. */
export function withKey(table: Table, row: AnyRow, key: readonly unknown[]): AnyRow {
  const { primaryKey } = table;
  for (let index = 0; index < primaryKey.length; index += 1) {
    if (row[primaryKey[index] ?? ""] !== key[index]) {
      return { ...row, ...Object.fromEntries(primaryKey.map((name, at) => [name, key[at]])) };
    }
  }
  return row;
}

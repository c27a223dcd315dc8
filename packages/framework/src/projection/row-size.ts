import type { AnyRow } from "./any-projection.ts";
import type { ColumnType } from "./column.ts";
import type { Table } from "./define-table.ts";

/** Of a cached row without its columns: its entry in the map, its key and what is kept about it. */
const rowBytes = 224;
const slotBytes = 8;
const headerBytes = 24;

/** Of a value beside its slot; what is not here has no fixed size. */
const fixedBytes: Readonly<Partial<Record<ColumnType, number>>> = {
  integer: 0,
  boolean: 0,
  bigint: 24,
  timestamptz: 40,
  numeric: 96,
};

/** Elements of a large JSON value that are looked at: the others are taken to be like them. */
const sampledElements = 32;

/**
 * Estimates the memory that a cached row takes, in bytes, from the sizes that V8 gives objects, with two bytes for a
 * character: rather too much than too little.
 */
export function rowSizer(table: Table): (row: AnyRow | null) => number {
  const columns = Object.entries(table.columns);
  let fixed = rowBytes + headerBytes;
  const variable: string[] = [];
  for (const [name, { type }] of columns) {
    const bytes = fixedBytes[type];
    fixed += slotBytes + (bytes ?? 0);
    if (bytes === undefined) variable.push(name);
  }
  return (row) => {
    if (row === null) return rowBytes;
    let bytes = fixed;
    for (let index = 0; index < variable.length; index += 1) bytes += valueBytes(row[variable[index] ?? ""]);
    return bytes;
  };
}

function valueBytes(value: unknown): number {
  if (typeof value === "string") return headerBytes + 2 * value.length;
  if (typeof value === "number" || typeof value === "bigint") return headerBytes;
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return headerBytes + elementsBytes(value);
  const keys = Object.keys(value);
  // Names of properties are shared by the objects that have them, or nearly as long as their values.
  return headerBytes + keys.length * 2 * slotBytes + elementsBytes(Object.values(value));
}

function elementsBytes(values: readonly unknown[]): number {
  const step = Math.max(1, Math.floor(values.length / sampledElements));
  let bytes = 0;
  let sampled = 0;
  for (let index = 0; index < values.length; index += step) {
    bytes += slotBytes + valueBytes(values[index]);
    sampled += 1;
  }
  return sampled === 0 ? 0 : Math.ceil((bytes * values.length) / sampled);
}

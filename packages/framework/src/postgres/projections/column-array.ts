import { formatDecimal, parseDecimal, type Decimal } from "@tidemark/schema-registry/avro";
import type { Column } from "../../projection/column.ts";
import { int8Array, textArray } from "../event-store/binary-array.ts";

/** SQL that turns the parameter `$n`, made by {@link columnArray}, into an array of the column's type. */
export function arrayParameter(column: Column, parameter: number): string {
  if (column.type === "bigint" && !column.nullable) return `$${parameter}::bigint[]`;
  return column.type === "text" ? `$${parameter}::text[]` : `$${parameter}::text[]::${column.type}[]`;
}

/**
 * The values of one column of many rows as one binary parameter.
 *
 * @throws TypeError naming the column when a value is missing or of another type.
 */
export function columnArray(name: string, column: Column, values: readonly unknown[]): Buffer {
  if (column.type === "bigint" && !column.nullable) {
    return int8Array(values.map((value) => asBigint(name, value)));
  }
  return textArray(values.map((value) => columnText(name, column, value)));
}

/** A value as the driver gives it, as folds see it. */
export function fromDriver(column: Column, value: unknown): unknown {
  return column.type === "numeric" && typeof value === "string" ? parseDecimal(value) : value;
}

function asBigint(name: string, value: unknown): bigint {
  if (typeof value !== "bigint") throw wrongType(name, "a bigint", value);
  return value;
}

/**
 * A value as PostgreSQL reads it from text.
 *
 * @throws TypeError naming the column when the value is missing or of another type.
 */
export function columnText(name: string, column: Column, value: unknown): string | null {
  if (value === null || value === undefined) {
    if (column.nullable && value === null) return null;
    throw wrongType(name, `a value: it is not nullable(${column.type}())`, value);
  }
  switch (column.type) {
    case "text":
    case "uuid":
    case "date":
      if (typeof value !== "string") throw wrongType(name, "a string", value);
      return value;
    case "integer":
      if (typeof value !== "number") throw wrongType(name, "a number", value);
      return String(value);
    case "bigint":
      return String(asBigint(name, value));
    case "boolean":
      if (typeof value !== "boolean") throw wrongType(name, "a boolean", value);
      return String(value);
    case "timestamptz":
      if (!(value instanceof Date)) throw wrongType(name, "a Date", value);
      return value.toISOString();
    case "numeric":
      if (!isDecimal(value)) throw wrongType(name, "{ unscaled, scale }", value);
      return formatDecimal(value);
    case "jsonb":
      return JSON.stringify(value);
  }
}

function isDecimal(value: unknown): value is Decimal {
  return typeof value === "object" && value !== null && "unscaled" in value && "scale" in value;
}

function wrongType(name: string, expected: string, value: unknown): TypeError {
  const actual = value === null || value === undefined ? String(value) : `a ${typeof value}`;
  return new TypeError(`The column ${name} needs ${expected}, and the fold returned ${actual}.`);
}

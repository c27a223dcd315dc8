import { AvroSchemaError } from "./avro-schema-error.ts";

const primitives = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);
const typeWords = new Set([...primitives, "record", "enum", "array", "map", "union", "fixed"]);
const namePart = /^[A-Za-z_][A-Za-z0-9_]*$/;

export type PrimitiveKind = "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string";

export function isPrimitive(name: string): name is PrimitiveKind {
  return primitives.has(name);
}

/** The part of a full name before its last point; "" without one. */
export function namespaceOf(fullName: string): string {
  return fullName.slice(0, Math.max(fullName.lastIndexOf("."), 0));
}

export function shortNameOf(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf(".") + 1);
}

/** A name with a point stands for itself (`.X` for X without a namespace), any other is put into the namespace. */
export function fullNameIn(name: string, namespace: string): string {
  if (name.startsWith(".") && name.lastIndexOf(".") === 0) return name.slice(1);
  return name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
}

/**
 * How a name is written inside a namespace: in full unless the namespace is the same, and also when the short name
 * would be read as a type of Avro.
 */
export function qualifiedIn(fullName: string, namespace: string): string {
  const own = namespaceOf(fullName);
  const short = shortNameOf(fullName);
  return own !== "" && own === namespace && !typeWords.has(short) ? short : fullName;
}

/** Refuses names outside `[A-Za-z_][A-Za-z0-9_]*`, for every part between points. */
export function requireValidName(name: string, what: string, path: string): void {
  const parts = what === "name" || what === "alias" ? name.split(".") : [name];
  if (parts.every((part) => namePart.test(part))) return;
  throw new AvroSchemaError({
    path,
    rule: "invalid-name",
    message: `The ${what} ${JSON.stringify(name.slice(0, 100))} is not valid: use letters A-Z and a-z, digits and _, and do not begin with a digit`,
  });
}

import type { AvroSchema } from "@tidemark/schema-registry/avro";
import { branchOf } from "./arbitrary-schema.ts";

/** The bytes of a value by the letter of the Avro specification, as slow as it is simple. Named types are used once. */
export function specificationBytes(schema: AvroSchema, value: unknown): number[] {
  if (Array.isArray(schema)) return unionBytes(schema, value);
  const type = typeof schema === "string" ? schema : String(Reflect.get(schema, "type"));
  const part = (key: string): AvroSchema => Reflect.get(Object(schema), key);
  switch (type) {
    case "null":
      return [];
    case "boolean":
      return [value === true ? 1 : 0];
    case "int":
    case "long":
      return integerBytes(BigInt(String(value)));
    case "float":
      return [...new Uint8Array(Float32Array.of(Number(value)).buffer)];
    case "double":
      return [...new Uint8Array(Float64Array.of(Number(value)).buffer)];
    case "string":
      return sizedBytes(new TextEncoder().encode(String(value)));
    case "bytes":
      return value instanceof Uint8Array ? sizedBytes(value) : [];
    case "fixed":
      return value instanceof Uint8Array ? [...value] : [];
    case "enum":
      return integerBytes(BigInt(Reflect.get(Object(schema), "symbols").indexOf(value)));
    case "array":
      return Array.isArray(value)
        ? blockBytes(value.map((item) => specificationBytes(part("items"), item)))
        : [];
    case "map":
      return blockBytes(
        Object.entries(Object(value)).map(([key, item]) => [
          ...specificationBytes("string", key),
          ...specificationBytes(part("values"), item),
        ]),
      );
    case "record": {
      const fields: { name: string; type: AvroSchema }[] = Reflect.get(Object(schema), "fields");
      return fields.flatMap((field) =>
        specificationBytes(field.type, Reflect.get(Object(value), field.name)),
      );
    }
    default:
      throw new Error(`The schema uses ${type}`);
  }
}

/** Zigzag, then groups of seven bits, the lowest first. */
function integerBytes(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n;
  for (; rest >= 128n; rest /= 128n) bytes.push(Number(rest % 128n) + 128);
  return [...bytes, Number(rest)];
}

function sizedBytes(bytes: Uint8Array): number[] {
  return [...integerBytes(BigInt(bytes.length)), ...bytes];
}

function blockBytes(items: readonly number[][]): number[] {
  return items.length === 0 ? [0] : [...integerBytes(BigInt(items.length)), ...items.flat(), 0];
}

/** With one branch besides null the value stands for itself, with more it is wrapped. */
function unionBytes(branches: readonly AvroSchema[], value: unknown): number[] {
  const others = branches.filter((branch) => branchOf(branch) !== "null");
  const isWrapped = value !== null && others.length > 1;
  const name = isWrapped ? Object.keys(Object(value))[0] : undefined;
  const index = branches.findIndex((branch) =>
    isWrapped ? branchOf(branch) === name : (branchOf(branch) === "null") === (value === null),
  );
  const branch = branches[index] ?? "null";
  const inner: unknown = name === undefined ? value : Reflect.get(Object(value), name);
  return [...integerBytes(BigInt(index)), ...specificationBytes(branch, inner)];
}

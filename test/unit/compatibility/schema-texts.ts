import { checkCompatibility, type Incompatibility } from "@tidemark/schema-registry";
import { parseSchema } from "@tidemark/schema-registry/avro";

export function check(reader: string, writer: string): readonly Incompatibility[] {
  return checkCompatibility(parseSchema(reader), parseSchema(writer));
}

export function found(reader: string, writer: string): string[] {
  return check(reader, writer).map(({ kind, path }) => `${kind} ${path}`);
}

export const record = (...fields: string[]): string =>
  `{"type":"record","name":"R","fields":[${fields.join(",")}]}`;
export const field = (name: string, type: string, rest = ""): string =>
  `{"name":"${name}","type":${type}${rest}}`;
export const enumOf = (symbols: string, rest = "", name = "E"): string =>
  `{"type":"enum","name":"${name}","symbols":[${symbols
    .split("")
    .map((symbol) => `"${symbol}"`)
    .join(",")}]${rest}}`;
export const fixed = (size: number, name = "F", rest = ""): string =>
  `{"type":"fixed","name":"${name}","size":${size}${rest}}`;
export const array = (items: string): string => `{"type":"array","items":${items}}`;
export const map = (values: string): string => `{"type":"map","values":${values}}`;
export const node = (fields: string, name = "N"): string =>
  `{"type":"record","name":"${name}","fields":[${fields}]}`;
export const [i, l, f, d, s, b, n, t] = [
  '"int"',
  '"long"',
  '"float"',
  '"double"',
  '"string"',
  '"bytes"',
  '"null"',
  '"boolean"',
];

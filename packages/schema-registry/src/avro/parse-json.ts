import { AvroSchemaError } from "./avro-schema-error.ts";
import type { JsonValue } from "./json-value.ts";

/**
 * Reads JSON without losing anything of it: numbers keep their text, keys their order. As Avro's Java parser does,
 * it skips comments and lets the last of two equal keys win. The nesting is bounded, so that no text overflows the
 * stack.
 */
export function parseJson(text: string, maxDepth: number): JsonValue {
  const cursor: Cursor = { text, at: 0, depth: 0, maxDepth };
  const value = readValue(cursor);
  skipBlank(cursor);
  if (cursor.at < text.length) throw malformed(cursor, "the end of the schema");
  return value;
}

interface Cursor {
  readonly text: string;
  readonly maxDepth: number;
  at: number;
  depth: number;
}

const blank = /(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
const numeral = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids unescaped control characters in strings.
const plainCharacters = /[^"\\\u0000-\u001f]*/y;

function readValue(cursor: Cursor): JsonValue {
  skipBlank(cursor);
  const first = cursor.text[cursor.at];
  if (first === "{") return nested(cursor, readObject);
  if (first === "[") return nested(cursor, readArray);
  if (first === '"') return readString(cursor);
  const literal = match(cursor, word);
  if (literal !== "") return literal === "null" ? null : literal === "true";
  const number = match(cursor, numeral);
  if (number === "") throw malformed(cursor, "a JSON value");
  return Object.freeze({ number });
}

function nested<T>(cursor: Cursor, read: (cursor: Cursor) => T): T {
  cursor.depth += 1;
  if (cursor.depth > cursor.maxDepth) {
    throw new AvroSchemaError({
      path: "",
      rule: "too-deep",
      message: `The schema nests JSON deeper than ${cursor.maxDepth} levels; define inner types once and use their names`,
    });
  }
  cursor.at += 1;
  const value = read(cursor);
  cursor.depth -= 1;
  return value;
}

function readObject(cursor: Cursor): JsonValue {
  const object = new Map<string, JsonValue>();
  if (consume(cursor, "}")) return object;
  do {
    skipBlank(cursor);
    if (cursor.text[cursor.at] !== '"') throw malformed(cursor, "a property name in double quotes");
    const key = readString(cursor);
    if (!consume(cursor, ":")) throw malformed(cursor, '":"');
    object.set(key, readValue(cursor));
  } while (consume(cursor, ","));
  if (!consume(cursor, "}")) throw malformed(cursor, '"," or "}"');
  return object;
}

function readArray(cursor: Cursor): JsonValue {
  const items: JsonValue[] = [];
  if (consume(cursor, "]")) return items;
  do items.push(readValue(cursor));
  while (consume(cursor, ","));
  if (!consume(cursor, "]")) throw malformed(cursor, '"," or "]"');
  return Object.freeze(items);
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const fourHexDigits = /[0-9a-fA-F]{4}/y;

function readString(cursor: Cursor): string {
  cursor.at += 1;
  let value = match(cursor, plainCharacters);
  while (cursor.text[cursor.at] === "\\") {
    const letter = cursor.text[cursor.at + 1] ?? "";
    cursor.at += 2;
    if (letter === "u") {
      const digits = match(cursor, fourHexDigits);
      if (digits === "") throw malformed(cursor, "four hexadecimal digits");
      value += String.fromCharCode(Number.parseInt(digits, 16));
    } else {
      const character = escapes[letter];
      if (character === undefined) throw malformed(cursor, "a JSON escape");
      value += character;
    }
    value += match(cursor, plainCharacters);
  }
  if (cursor.text[cursor.at] !== '"') throw malformed(cursor, "the end of a string");
  cursor.at += 1;
  return value;
}

function consume(cursor: Cursor, character: string): boolean {
  skipBlank(cursor);
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function skipBlank(cursor: Cursor): void {
  match(cursor, blank);
}

/** Matches a sticky pattern here and moves behind it; "" when it does not match. */
function match(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? "";
  cursor.at += found.length;
  return found;
}

function malformed(cursor: Cursor, expected: string): AvroSchemaError {
  const before = cursor.text.slice(0, cursor.at);
  const line = before.split("\n").length;
  const column = cursor.at - before.lastIndexOf("\n");
  const rest = cursor.text.slice(cursor.at, cursor.at + 20);
  return new AvroSchemaError({
    path: "",
    rule: "malformed-json",
    message: `The schema is not JSON: expected ${expected} at line ${line}, column ${column}, found ${rest === "" ? "the end" : JSON.stringify(rest)}`,
  });
}

import { isJsonArray, isJsonNumber, type JsonValue } from "./json-value.ts";

/** Writes JSON as Avro's Java implementation does: compact, integers as they are, other numbers as Java doubles. */
export function jsonText(value: JsonValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quote(value);
  if (isJsonNumber(value)) return numberText(value.number);
  if (isJsonArray(value)) return `[${value.map(jsonText).join(",")}]`;
  return `{${[...value].map(([key, item]) => `${quote(key)}:${jsonText(item)}`).join(",")}}`;
}

// oxlint-disable-next-line no-control-regex -- these are the characters that must be escaped.
const needsEscape = /["\\\u0000-\u001f]/g;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

export function quote(text: string): string {
  return `"${text.replace(needsEscape, escapeOf)}"`;
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return shortEscapes[character] ?? `\\u${code}`;
}

function numberText(text: string): string {
  if (/^-?\d+$/.test(text)) return text === "-0" ? "0" : text;
  return /^[-\d]/.test(text) ? javaDouble(Number(text)) : quote(text);
}

/** `Double.toString` of Java: `1000.0`, `1.0E10`, `1.0E-4`. */
function javaDouble(value: number): string {
  if (!Number.isFinite(value))
    return quote(Number.isNaN(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${exponent.replace("+", "")}`;
}

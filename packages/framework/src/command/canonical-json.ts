/**
 * One text for equal values, and another for every other: keys, maps and sets in one order, `undefined` fields left
 * out, and what JSON does not have written as no JSON value can be. Made for hashing, not for parsing.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  // JSON has one null for all of them.
  if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString("base64")})`;
  if (value instanceof Map) return `map(${pairs(value, canonicalJson)})`;
  if (value instanceof Set) return `set(${[...value].map(canonicalJson).sort().join(",")})`;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const present = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{${pairs(present, JSON.stringify)}}`;
}

function pairs<Key>(entries: Iterable<readonly [Key, unknown]>, keyText: (key: Key) => string): string {
  return Array.from(entries, ([key, value]) => `${keyText(key)}:${canonicalJson(value)}`)
    .sort()
    .join(",");
}

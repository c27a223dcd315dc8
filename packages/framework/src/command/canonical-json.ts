/**
 * One text for equal values: keys sorted, `undefined` left out, bigint, dates and bytes tagged.
 * Made for hashing, not for parsing.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "bigint") return `{"$bigint":"${value}"}`;
  if (typeof value !== "object") return JSON.stringify(value);
  if (value instanceof Date) return `{"$date":"${value.toISOString()}"}`;
  if (value instanceof Uint8Array) return `{"$bytes":"${Buffer.from(value).toString("base64")}"}`;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const pairs = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`);
  return `{${pairs.join(",")}}`;
}

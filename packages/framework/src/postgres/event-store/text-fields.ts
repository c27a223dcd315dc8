// Values as PostgreSQL writes them. The driver's own parsers walk an array character by character and test each number
// with a regular expression, which made them the dearest part of an append.

export function parseNumber(field: string | null | undefined): bigint | null {
  return field === null || field === undefined ? null : BigInt(field);
}

export function parseBytes(field: string): Buffer {
  return Buffer.from(field.slice(2), "hex");
}

/** The elements of an array that needs no quotes; null for no array. */
export function parseArray(field: string | null | undefined): (string | null)[] | null {
  if (field === null || field === undefined) return null;
  if (field === "{}") return [];
  const elements = field.slice(1, -1).split(",");
  return elements.map((element) => (element === "NULL" ? null : element));
}

/** The same of an array of byte strings, whose backslashes are quoted. */
export function parseBytesArray(field: string | null | undefined): (Buffer | null)[] | null {
  const elements = parseArray(field) ?? null;
  return (
    elements &&
    elements.map((element) => (element === null ? null : Buffer.from(element.slice(4, -1), "hex")))
  );
}

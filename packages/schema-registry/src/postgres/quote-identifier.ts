/**
 * Quotes a name for use as an SQL identifier.
 *
 * @throws TypeError when PostgreSQL could not keep the name: empty, longer than 63 bytes, or with a NUL.
 */
export function quoteIdentifier(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > 63 || name.includes("\0")) {
    throw new TypeError(`${JSON.stringify(name)} is no SQL identifier: use 1 to 63 bytes without NUL`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

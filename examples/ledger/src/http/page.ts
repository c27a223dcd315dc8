import { TidemarkError } from "@tidemark/framework";
import { z } from "zod";

/** Query parameters of a list. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe("Items a page, 1 to 1,000"),
  cursor: z.string().max(1_000).optional().describe("nextCursor of the page before"),
});

/** A page of items; `nextCursor` is null on the last one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** Cuts one row more than a page into the page and the cursor behind it. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => string,
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(toItem),
    nextCursor: last === undefined ? null : Buffer.from(keyOf(last)).toString("base64url"),
  };
}

/**
 * The key in a cursor, checked by its pattern.
 *
 * @throws TidemarkError `validation-failed` naming the parameter.
 */
export function keyInCursor(cursor: string | undefined, pattern: RegExp): string | null {
  if (cursor === undefined) return null;
  const key = Buffer.from(cursor, "base64url").toString();
  if (pattern.test(key)) return key;
  const message = "must be the nextCursor of the page before, unchanged";
  throw new TidemarkError("validation-failed", `The query parameter cursor ${message}.`, {
    errors: [{ field: "cursor", rule: "format", message }],
  });
}

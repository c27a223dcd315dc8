import { createHash } from "node:crypto";
import type pg from "pg";

const names = new Map<string, string>();

/**
 * The statement under a name of its own, so that a connection plans it once: planning a look-up takes longer than
 * running it. Texts hold no values, so there are few of them.
 */
export function prepared(statement: pg.QueryConfig): pg.QueryConfig {
  const known = names.get(statement.text);
  if (known !== undefined) return { ...statement, name: known };
  const name = `registry_${createHash("sha256").update(statement.text).digest("hex").slice(0, 32)}`;
  names.set(statement.text, name);
  return { ...statement, name };
}

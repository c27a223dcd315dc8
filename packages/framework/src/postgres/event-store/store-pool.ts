import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";

export function ownPool(options: Parameters<typeof createPool>[0]): pg.Pool {
  const pool = createPool(options);
  // A connection that breaks during a query rejects that query; without a listener the same error would also end the
  // process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

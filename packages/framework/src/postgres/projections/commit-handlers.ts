import { sql, type Kysely } from "kysely";
import type { Build } from "../../projection/build.ts";
import type { Commit } from "../../projection/projection-store.ts";
import { useSchema } from "./create-build.ts";
import { translated, type ProjectionConnections } from "./projection-connections.ts";

/** Runs handlers in a transaction bound to the build's schema; the guarded checkpoint is its last statement. */
export async function commitHandlers(
  connections: ProjectionConnections,
  schema: string,
  build: Build,
  run: (tx: Kysely<unknown>) => Promise<void>,
  commit: Commit,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<void> {
  const { lease, checkpoint, events } = commit;
  try {
    await connections.projecting.transaction().execute(async (tx) => {
      // A process that is stopped in the middle would hold its locks, and with them whoever takes over.
      await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true),
        set_config('idle_in_transaction_session_timeout', ${String(timeoutMs + 5_000)}, true)`.execute(tx);
      await useSchema(tx, build.schema);
      await run(tx.withSchema(build.schema));
      await sql`with fence as (
          update ${sql.raw(schema)}.checkpoints set store_id = ${checkpoint.storeId}::uuid,
            position = ${checkpoint.position}::bigint, event_id = ${checkpoint.eventId}::uuid,
            events = events + ${events}::bigint, updated_at = clock_timestamp()
          where subscription = ${lease.subscription} and partition = ${lease.partition}
            and fencing_token = ${lease.fencingToken}
          returning 1
        )
        select ${sql.raw(schema)}.check_commit((select count(*) from fence), 0, 0)`.execute(tx);
    });
  } catch (error) {
    throw translated(error);
  }
}

import { CompiledQuery, Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import type { Build } from "../../projection/build.ts";
import type { Commit, HandlersCommitOptions } from "../../projection/projection-store.ts";
import { useSchema } from "./create-build.ts";
import { HandlerConnection } from "./handler-connection.ts";
import { letterStatements } from "./letter-statements.ts";
import { translated, type ProjectionConnections } from "./projection-connections.ts";

/**
 * Runs handlers in a transaction bound to the build's schema; the guarded checkpoint is its last statement.
 *
 * When the signal aborts, a handler may still be at work, and a statement that it sends behind a rollback would take
 * effect by itself. So there is no rollback then: the connection is destroyed, and nothing can come after.
 */
export async function commitHandlers(
  connections: ProjectionConnections,
  schema: string,
  build: Build,
  run: (tx: Kysely<unknown>) => Promise<void>,
  commit: Commit,
  { timeoutMs, signal, budget }: HandlersCommitOptions,
): Promise<void> {
  let connection: HandlerConnection | null = null;
  const connect = async (): Promise<HandlerConnection> => {
    const client = await connections.project.connect();
    if (signal.aborted) {
      client.release();
      throw signal.reason;
    }
    connection = new HandlerConnection(client);
    return connection;
  };
  const onAbort = (): void => connection?.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: { connect, end: async () => {} } }),
  });
  try {
    await db.transaction().execute(async (tx) => {
      await begin(tx, build, timeoutMs);
      // The search path leads to the build's tables: kysely's `withSchema` would walk each statement's tree once more,
      // which takes a seventh of what a small handler costs.
      connection?.meter(budget ?? null);
      // The rollback of one that spent too much is not to be refused.
      await run(tx).finally(() => connection?.meter(null));
      for (const { text, values } of letterStatements(schema, commit)) {
        await tx.executeQuery(CompiledQuery.raw(text, [...values]));
      }
      await moveCheckpoint(tx, schema, commit);
    });
  } catch (error) {
    // The destroyed connection refuses rollback and release; what matters is why it was destroyed.
    signal.throwIfAborted();
    throw translated(error);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function begin(tx: Transaction<unknown>, build: Build, timeoutMs: number): Promise<void> {
  // A process that is stopped in the middle would hold its locks, and with them whoever takes over.
  await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true),
    set_config('idle_in_transaction_session_timeout', ${String(timeoutMs + 5_000)}, true)`.execute(tx);
  await useSchema(tx, build.schema);
}

async function moveCheckpoint(tx: Transaction<unknown>, schema: string, commit: Commit): Promise<void> {
  const { lease, checkpoint, events } = commit;
  await sql`with fence as (
      update ${sql.raw(schema)}.checkpoints set store_id = ${checkpoint.storeId}::uuid,
        position = ${checkpoint.position}::bigint, event_id = ${checkpoint.eventId}::uuid,
        events = events + ${events}::bigint, updated_at = clock_timestamp()
      where subscription = ${lease.subscription} and partition = ${lease.partition}
        and fencing_token = ${lease.fencingToken}
      returning 1
    )
    select ${sql.raw(schema)}.check_commit((select count(*) from fence), 0, 0)`.execute(tx);
}

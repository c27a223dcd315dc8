import { quoteIdentifier } from "@tidemark/schema-registry/postgres";
import type pg from "pg";

interface GrantApplicationRoleOptions {
  /** Connected as the owner of the tables. */
  readonly pool: pg.Pool;
  readonly schema: string;
  /** An existing role; it gets what appending and reading need, and no right to change or remove an event. */
  readonly role: string;
}

/**
 * Lets a role use the event store that another one owns.
 *
 * @throws Error when there is no such role, or when it could change events all the same: as a superuser, or as an
 * owner of the table.
 */
export async function grantApplicationRole({
  pool,
  schema,
  role,
}: GrantApplicationRoleOptions): Promise<void> {
  await checkRole(pool, schema, role);
  const name = quoteIdentifier(schema);
  const tables = (...names: string[]) => names.map((table) => `${name}.${table}`).join(", ");
  const grantee = quoteIdentifier(role);
  await pool.query(
    `grant usage on schema ${name} to ${grantee};
     grant select on ${tables("store", "event_types", "event_schemas", "streams", "events", "idempotency_records", "erasures", "stream_metadata", "scheduled_erasures")} to ${grantee};
     grant insert on ${tables("event_types", "event_schemas", "streams", "events", "idempotency_records")} to ${grantee};
     grant update, delete on ${tables("idempotency_records")} to ${grantee};
     grant update (deleted, truncate_before) on ${tables("streams")} to ${grantee};
     grant insert, update, delete on ${tables("stream_metadata")} to ${grantee};
     grant insert on ${tables("scheduled_erasures")} to ${grantee};
     grant execute on function ${name}.erase_events, ${name}.run_scheduled_erasure to ${grantee};
     revoke update, delete, truncate on ${tables("events")} from ${grantee}`,
  );
}

async function checkRole(pool: pg.Pool, schema: string, role: string): Promise<void> {
  const { rows } = await pool.query<{ superuser: boolean; owner: boolean }>(
    `select r.rolsuper as superuser, pg_has_role(r.oid, c.relowner, 'member') as owner
     from pg_roles r, pg_class c where r.rolname = $1 and c.oid = $2::regclass`,
    [role, `${quoteIdentifier(schema)}.events`],
  );
  const found = rows[0];
  if (found === undefined) {
    throw new Error(
      `There is no database role ${role}: create it (create role ${quoteIdentifier(role)} login) and try again`,
    );
  }
  if (found.superuser || found.owner) {
    const why = found.superuser ? "is a superuser" : "owns the events table";
    throw new Error(`The role ${role} ${why}, so it may change events: let the application use another role`);
  }
}

import type { NewSchema, RegistryWriter } from "../registry/registry-storage.ts";
import { type Queryable, registryReader } from "./registry-storage-reader.ts";

// Between a look-up that finds nothing and the insert another transaction may store the same schema, once.
const insertAttempts = 10;

/** Reads and writes of one transaction. */
export function registryWriter(send: Queryable, tables: string): RegistryWriter {
  /**
   * The id of the schema, known or new, in one statement; none when another transaction stores the same schema or takes
   * the id. The key-share lock keeps a permanent delete from removing the schema before its new version is in.
   */
  async function findOrInsert(schema: NewSchema): Promise<number | undefined> {
    const { rows } = await send<{ id: number }>({
      text: `with known as (
               select id from ${tables}.schemas where context = $1 and identity = $4 for key share
             ), added as (
               insert into ${tables}.schemas (context, id, identity, guid, schema, schema_references, metadata)
               select $1, coalesce($2::integer, nextval($3::regclass)), $4, $5, $6, $7, $8
               where not exists (select from known)
               on conflict do nothing returning id
             )
             select id from known union all select id from added`,
      values: [
        schema.context,
        schema.id,
        `${tables}.schema_ids`,
        Buffer.from(schema.identity, "hex"),
        schema.guid,
        schema.schema,
        JSON.stringify(schema.references),
        schema.metadata,
      ],
    });
    return rows[0]?.id;
  }

  /** Ids given out later start behind the imported one. */
  async function raiseNextId(id: number): Promise<void> {
    await send({
      text: `select setval($1::regclass, $2) from ${tables}.schema_ids where last_value < $2`,
      values: [`${tables}.schema_ids`, id],
    });
  }

  return {
    ...registryReader(send, tables),

    async addSchema(schema) {
      for (let attempt = 1; attempt <= insertAttempts; attempt += 1) {
        const id = await findOrInsert(schema);
        if (id !== undefined) {
          if (schema.id !== undefined) await raiseNextId(schema.id);
          return id;
        }
        if (schema.id !== undefined && (await this.findSchema(schema.context, schema.id))) return null;
      }
      throw new Error(`no free schema id found after ${insertAttempts} attempts`);
    },

    async addVersion({ context, subject, version, id, author }) {
      const { rows } = await send<{ registered_at: Date }>({
        text: `insert into ${tables}.versions (subject, version, context, id, author)
               values ($1, $2, $3, $4, $5) returning registered_at`,
        values: [subject, version, context, id, author],
      });
      return rows[0]?.registered_at ?? new Date();
    },

    async softDelete(subject, versions) {
      await send({
        text: `update ${tables}.versions set deleted = true where subject = $1 and version = any($2)`,
        values: [subject, versions],
      });
    },

    async purge(subject, versions) {
      const { rows } = await send<{ context: string; id: number }>({
        text: `delete from ${tables}.versions where subject = $1 and version = any($2) returning context, id`,
        values: [subject, versions],
      });
      await send({
        text: `delete from ${tables}.schemas s using unnest($1::text[], $2::integer[]) as gone (context, id)
               where s.context = gone.context and s.id = gone.id
                 and not exists (select from ${tables}.versions v
                                 where v.context = s.context and v.id = s.id)`,
        values: [rows.map(({ context }) => context), rows.map(({ id }) => id)],
      });
    },

    async writeSetting(scope, change) {
      const values = [scope, change.level ?? null, change.mode ?? null];
      // What is left out stays as it is; a row of nothing is removed, its check constraint forbids it.
      const { rows } = await send<{ compatibility: string | null; mode: string | null }>({
        text: `select compatibility, mode from ${tables}.settings where scope = $1`,
        values: [scope],
      });
      const before = rows[0];
      if (change.level === undefined) values[1] = before?.compatibility ?? null;
      if (change.mode === undefined) values[2] = before?.mode ?? null;
      if (values[1] === null && values[2] === null) {
        await send({ text: `delete from ${tables}.settings where scope = $1`, values: [scope] });
        return;
      }
      await send({
        text: `insert into ${tables}.settings (scope, compatibility, mode) values ($1, $2, $3)
               on conflict (scope) do update set compatibility = excluded.compatibility, mode = excluded.mode`,
        values,
      });
    },
  };
}

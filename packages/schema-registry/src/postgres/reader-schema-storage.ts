import type pg from "pg";
import type { SchemaReference } from "../registry/schema-reference.ts";
import type { ReaderSchemaStorage } from "../usage/reader-schema-storage.ts";
import { isTransient } from "./registry-storage-failure.ts";
import type { Queryable } from "./registry-storage-reader.ts";

interface ReaderRow extends pg.QueryResultRow {
  application: string;
  subject: string;
  schema: string;
  schema_references: SchemaReference[];
  first_announced_at: Date;
  announced_at: Date;
  superseded_at: Date | null;
}

interface ApplicationRow extends pg.QueryResultRow {
  application: string;
  subjects: number;
  announced_at: Date;
}

// Two instances that start at once lock the same rows in another order.
const attempts = 5;

/** Who reads what, in the registry's database schema. */
export function readerSchemaStorage(send: Queryable, tables: string): ReaderSchemaStorage {
  async function retried<Row extends pg.QueryResultRow>(
    statement: pg.QueryConfig,
  ): Promise<pg.QueryResult<Row>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send<Row>(statement);
      } catch (error) {
        if (attempt >= attempts || !isTransient(error)) throw error;
      }
    }
  }

  return {
    async announce(application, readers) {
      await retried({
        text: `with given as (
                 select * from unnest($2::text[], $3::bytea[], $4::text[], $5::text[])
                   as r (subject, identity, schema, schema_references) order by subject, identity),
               kept as (
                 insert into ${tables}.readers (application, subject, identity, schema, schema_references)
                 select $1, subject, identity, schema, schema_references::jsonb from given
                 on conflict (application, subject, identity)
                   do update set announced_at = clock_timestamp(), superseded_at = null),
               superseded as (
                 update ${tables}.readers r set superseded_at = clock_timestamp()
                 where application = $1 and superseded_at is null
                   and not exists (select from given g where g.subject = r.subject and g.identity = r.identity))
               delete from ${tables}.readers r
               where application = $1 and superseded_at < clock_timestamp() - interval '30 days'
                 and not exists (select from given g where g.subject = r.subject and g.identity = r.identity)`,
        values: [
          application,
          readers.map(({ subject }) => subject),
          readers.map(({ identity }) => Buffer.from(identity, "hex")),
          readers.map(({ schema }) => schema),
          readers.map(({ references }) => JSON.stringify(references)),
        ],
      });
    },

    async find({ application, subject }) {
      const { rows } = await send<ReaderRow>({
        text: `select application, subject, schema, schema_references, first_announced_at, announced_at, superseded_at
               from ${tables}.readers
               where ($1::text is null or application = $1) and ($2::text is null or subject = $2)
               order by application, subject, announced_at desc`,
        values: [application ?? null, subject ?? null],
      });
      return rows.map((row) => ({
        application: row.application,
        subject: row.subject,
        schema: row.schema,
        references: row.schema_references,
        firstAnnouncedAt: row.first_announced_at,
        announcedAt: row.announced_at,
        supersededAt: row.superseded_at,
      }));
    },

    async listApplications() {
      const { rows } = await send<ApplicationRow>({
        text: `select application, max(announced_at) as announced_at,
                      (count(distinct subject) filter (where superseded_at is null))::integer as subjects
               from ${tables}.readers group by application order by application`,
      });
      return rows.map(({ application, subjects, announced_at: announcedAt }) => ({
        application,
        subjects,
        announcedAt,
      }));
    },

    async forget(application) {
      const { rowCount } = await send({
        text: `delete from ${tables}.readers where application = $1`,
        values: [application],
      });
      return (rowCount ?? 0) > 0;
    },
  };
}

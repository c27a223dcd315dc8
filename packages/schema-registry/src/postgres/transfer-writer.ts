import type pg from "pg";
import { RegistryError } from "../errors.ts";
import type { SchemaMetadata } from "../registry/schema-metadata.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";
import type { SubjectVersion } from "../registry/subject-version.ts";
import type { ImportedVersion, TransferWriter } from "../transfer/transfer-storage.ts";
import { registryReader, type Queryable } from "./registry-storage-reader.ts";

interface TransferWriterOptions {
  /** Sends within one transaction, at whose end everything here is gone. */
  readonly send: Queryable;
  readonly tables: string;
  /** The statement that keeps others from writing. */
  readonly lock: string;
}

interface StagedRow extends pg.QueryResultRow {
  id: number;
  identity: string;
  guid: string;
  schema: string;
  schema_references: SchemaReference[];
  metadata: SchemaMetadata | null;
}

interface Clash extends pg.QueryResultRow {
  line: number;
  subject: string;
  version: number;
  id: number;
  /** The id that the schema or the version has here. */
  own: number | null;
}

// In the session's own schema: no two imports share it.
const staged = "pg_temp.staged_versions";

/** Puts an import by in a temporary table, line by line, and merges it as a whole. */
export async function transferWriter({ send, tables, lock }: TransferWriterOptions): Promise<TransferWriter> {
  await send({
    text: `create temporary table staged_versions (
             line integer primary key, context text, subject text, version integer, id integer, identity bytea,
             guid uuid, schema text, schema_references jsonb, metadata jsonb, deleted boolean, author text,
             registered_at timestamptz) on commit drop`,
  });
  await send({ text: `create index on ${staged} (subject, version)` });
  const stored = registryReader(send, tables);

  async function firstClash(text: string): Promise<Clash | undefined> {
    return (await send<Clash>({ text: `${text} order by line limit 1` })).rows[0];
  }

  return {
    async stage(versions) {
      await send({
        text: `insert into ${staged}
               select line, context, subject, version, id, identity, guid::uuid, schema, schema_references::jsonb,
                      metadata::jsonb, deleted, author, registered_at
               from unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::bytea[], $7::text[],
                           $8::text[], $9::text[], $10::text[], $11::boolean[], $12::text[], $13::timestamptz[])
                 as given (line, context, subject, version, id, identity, guid, schema, schema_references, metadata,
                           deleted, author, registered_at)`,
        values: columns(versions),
      });
    },

    reader: {
      ...stored,
      async findVersions(filter) {
        const { rows } = await send<StagedRow>({
          text: `select id, encode(identity, 'hex') as identity, guid, schema, schema_references, metadata
                 from ${staged} where subject = $1 and version = $2 order by line limit 1`,
          values: [filter.subject ?? null, typeof filter.version === "number" ? filter.version : null],
        });
        const [row] = rows;
        return row ? [stagedVersion(row, filter)] : stored.findVersions(filter);
      },
    },

    async addStaged() {
      await send({ text: `analyze ${staged}` });
      await send({ text: lock });
      await send({
        text: `insert into ${tables}.schemas (context, id, identity, guid, schema, schema_references, metadata)
               select distinct on (context, id) context, id, identity, guid, schema, schema_references, metadata
               from ${staged} order by context, id, line
               on conflict do nothing`,
      });
      const schemaClash = await firstClash(
        `select line, subject, version, given.id,
                (select o.id from ${tables}.schemas o
                 where o.context = given.context and o.identity = given.identity) as own
         from ${staged} given left join ${tables}.schemas s on s.context = given.context and s.id = given.id
         where s.identity is distinct from given.identity`,
      );
      if (schemaClash) throw schemaClashError(schemaClash);
      const { rowCount } = await send({
        text: `insert into ${tables}.versions (subject, version, context, id, deleted, author, registered_at)
               select distinct on (subject, version) subject, version, context, id, deleted, author,
                      coalesce(registered_at, clock_timestamp())
               from ${staged} order by subject, version, line
               on conflict do nothing`,
      });
      const versionClash = await firstClash(
        `select line, subject, version, given.id, v.id as own
         from ${staged} given join ${tables}.versions v using (subject, version) where v.id <> given.id`,
      );
      if (versionClash) throw versionClashError(versionClash);
      // Looked for when its line was read; whoever may delete has not been kept from it until now.
      const dangling = await firstClash(
        `select line, subject, version, id, null as own from ${staged} given
         where exists (select from jsonb_array_elements(schema_references) r
                       where not exists (select from ${tables}.versions v
                                         where v.subject = r->>'subject' and v.version = (r->>'version')::integer))`,
      );
      if (dangling) throw danglingError(dangling);
      await send({
        text: `select setval($1::regclass, largest)
               from (select max(id) as largest from ${staged}) imported, ${tables}.schema_ids
               where last_value < largest`,
        values: [`${tables}.schema_ids`],
      });
      return rowCount ?? 0;
    },

    async addSetting(scope, { level, mode }) {
      await send({
        text: `insert into ${tables}.settings (scope, compatibility, mode) values ($1, $2, $3)`,
        values: [scope, level, mode],
      });
    },
  };
}

function columns(versions: readonly ImportedVersion[]): unknown[][] {
  return [
    versions.map(({ line }) => line),
    versions.map(({ context }) => context),
    versions.map(({ subject }) => subject),
    versions.map(({ version }) => version),
    versions.map(({ id }) => id),
    versions.map(({ identity }) => Buffer.from(identity, "hex")),
    versions.map(({ guid }) => guid),
    versions.map(({ schema }) => schema),
    versions.map(({ references }) => JSON.stringify(references)),
    versions.map(({ metadata }) => (metadata === null ? null : JSON.stringify(metadata))),
    versions.map(({ deleted }) => deleted),
    versions.map(({ author }) => author),
    versions.map(({ registeredAt }) => registeredAt),
  ];
}

/** What a schema that refers to it needs of it. */
function stagedVersion(
  { id, identity, guid, schema, schema_references: references, metadata }: StagedRow,
  { subject = "", version }: { readonly subject?: string; readonly version?: number | "latest" },
): SubjectVersion {
  return {
    subject,
    version: typeof version === "number" ? version : 0,
    id,
    identity,
    guid,
    schema,
    references,
    metadata,
    deleted: false,
    author: null,
    registeredAt: new Date(),
  };
}

const remedy =
  "Nothing was imported; import into an empty registry, or into one that was copied from the same source";

function place({ line, subject, version }: Clash): string {
  return `Line ${line} of the import, version ${version} of subject "${subject}"`;
}

function schemaClashError(clash: Clash): RegistryError {
  const { id, own } = clash;
  return own === null
    ? new RegistryError(
        "operation-not-permitted",
        `${place(clash)}: id ${id} is another schema's here. ${remedy}`,
      )
    : new RegistryError(
        "id-mismatch",
        `${place(clash)}: its schema has id ${own} here, not ${id}. ${remedy}`,
      );
}

function versionClashError(clash: Clash): RegistryError {
  return new RegistryError(
    "operation-not-permitted",
    `${place(clash)}: that version is schema ${clash.own} here, not ${clash.id}. ${remedy}`,
  );
}

function danglingError(clash: Clash): RegistryError {
  return new RegistryError(
    "schema-invalid",
    `${place(clash)}: a version that it refers to was deleted meanwhile. Nothing was imported; import again`,
  );
}

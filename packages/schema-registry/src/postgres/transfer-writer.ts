import { RegistryError } from "../errors.ts";
import type { ImportedVersion, TransferWriter } from "../transfer/transfer-storage.ts";
import { registryReader, type Queryable } from "./registry-storage-reader.ts";

interface Clash {
  line: number;
  subject: string;
  version: number;
  id: number;
  /** The id that the schema has here. */
  own: number | null;
}

/** Writes of one import, in sets of many versions. Nobody else writes meanwhile. */
export function transferWriter(send: Queryable, tables: string): TransferWriter {
  async function addSchemas(versions: readonly ImportedVersion[]): Promise<void> {
    await send({
      text: `insert into ${tables}.schemas (context, id, identity, guid, schema, schema_references, metadata)
             select context, id, identity, guid::uuid, schema, schema_references::jsonb, metadata::jsonb
             from unnest($1::text[], $2::integer[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[])
               as given (context, id, identity, guid, schema, schema_references, metadata)
             on conflict do nothing`,
      values: [
        versions.map(({ context }) => context),
        versions.map(({ id }) => id),
        versions.map(identityOf),
        versions.map(({ guid }) => guid),
        versions.map(({ schema }) => schema),
        versions.map(({ references }) => JSON.stringify(references)),
        versions.map(({ metadata }) => (metadata === null ? null : JSON.stringify(metadata))),
      ],
    });
    const { rows } = await send<Clash>({
      text: `select given.line, given.subject, given.version, given.id,
                    (select o.id from ${tables}.schemas o
                     where o.context = given.context and o.identity = given.identity) as own
             from unnest($1::integer[], $2::text[], $3::integer[], $4::text[], $5::integer[], $6::bytea[])
               as given (line, subject, version, context, id, identity)
             left join ${tables}.schemas s on s.context = given.context and s.id = given.id
             where s.identity is distinct from given.identity order by given.line limit 1`,
      values: [...placeColumns(versions), versions.map(identityOf)],
    });
    const [clash] = rows;
    if (clash) throw schemaClash(clash);
    const largest = Math.max(...versions.map(({ id }) => id));
    await send({
      text: `select setval($1::regclass, $2) from ${tables}.schema_ids where last_value < $2`,
      values: [`${tables}.schema_ids`, largest],
    });
  }

  return {
    ...registryReader(send, tables),

    async addVersions(versions) {
      await addSchemas(versions);
      const { rowCount } = await send({
        text: `insert into ${tables}.versions (subject, version, context, id, deleted, author, registered_at)
               select subject, version, context, id, deleted, author, coalesce(registered_at, clock_timestamp())
               from unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::boolean[], $6::text[], $7::timestamptz[])
                 as given (subject, version, context, id, deleted, author, registered_at)
               on conflict do nothing`,
        values: [
          ...placeColumns(versions).slice(1),
          versions.map(({ deleted }) => deleted),
          versions.map(({ author }) => author),
          versions.map(({ registeredAt }) => registeredAt),
        ],
      });
      const { rows } = await send<Clash>({
        text: `select given.line, given.subject, given.version, given.id, v.id as own
               from unnest($1::integer[], $2::text[], $3::integer[], $4::text[], $5::integer[])
                 as given (line, subject, version, context, id)
               join ${tables}.versions v using (subject, version)
               where v.id <> given.id order by given.line limit 1`,
        values: placeColumns(versions),
      });
      const [clash] = rows;
      if (clash) throw versionClash(clash);
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

function identityOf({ identity }: ImportedVersion): Buffer {
  return Buffer.from(identity, "hex");
}

function placeColumns(versions: readonly ImportedVersion[]): unknown[][] {
  return [
    versions.map(({ line }) => line),
    versions.map(({ subject }) => subject),
    versions.map(({ version }) => version),
    versions.map(({ context }) => context),
    versions.map(({ id }) => id),
  ];
}

const remedy =
  "Nothing was imported; import into an empty registry, or into one that was copied from the same source";

function schemaClash({ line, subject, version, id, own }: Clash): RegistryError {
  const place = `Line ${line} of the import, version ${version} of subject "${subject}"`;
  return own === null
    ? new RegistryError("operation-not-permitted", `${place}: id ${id} is another schema's here. ${remedy}`)
    : new RegistryError("id-mismatch", `${place}: its schema has id ${own} here, not ${id}. ${remedy}`);
}

function versionClash({ line, subject, version, id, own }: Clash): RegistryError {
  return new RegistryError(
    "operation-not-permitted",
    `Line ${line} of the import, version ${version} of subject "${subject}": that version is schema ${own} here, not ${id}. ${remedy}`,
  );
}

import type pg from "pg";
import { parseLevel } from "../registry/level-name.ts";
import { parseMode } from "../registry/registry-mode.ts";
import type { SchemaMetadata } from "../registry/schema-metadata.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";
import { inReferenceOrder } from "../transfer/reference-order.ts";
import type { ExportedVersion, ScopedSetting, TransferStorage } from "../transfer/transfer-storage.ts";
import { importLockStatement } from "./registry-storage-lock.ts";
import { translated, translatedFailure } from "./registry-storage-failure.ts";
import type { Queryable } from "./registry-storage-reader.ts";
import { transferWriter } from "./transfer-writer.ts";

interface VersionRow extends pg.QueryResultRow {
  subject: string;
  version: number;
  id: number;
  schema: string;
  schema_references: SchemaReference[];
  metadata: SchemaMetadata | null;
  deleted: boolean;
  author: string | null;
  registered_at: Date;
}

interface KeyRow extends pg.QueryResultRow {
  subject: string;
  version: number;
  references: SchemaReference[];
}

interface SettingRow extends pg.QueryResultRow {
  scope: string;
  compatibility: string | null;
  mode: string | null;
}

interface TransferStorageOptions {
  readonly pool: pg.Pool;
  /** Name of the database schema, plain and quoted. */
  readonly schema: string;
  readonly tables: string;
}

const page = 500;

/** Everything at once, in and out. The other side may be slow; when it stops for a minute the transaction is ended. */
export function transferStorage({ pool, schema, tables }: TransferStorageOptions): TransferStorage {
  return {
    async *readAll() {
      const { send, release } = await begin(pool, "begin isolation level repeatable read read only");
      try {
        yield* readPlainVersions(send, tables);
        yield* readReferringVersions(send, tables);
        yield* await readSettings(send, tables);
        await send({ text: "commit" });
        release({ reuse: true });
      } catch (error) {
        throw translatedFailure(error);
      } finally {
        // Also when the reader has left early.
        release({ reuse: false });
      }
    },

    async writeAll(work) {
      const { send, release } = await begin(pool, "begin");
      try {
        const lock = importLockStatement(schema);
        const { keep, result } = await work(await transferWriter({ send, tables, lock }));
        await send({ text: keep ? "commit" : "rollback" });
        release({ reuse: true });
        return result;
      } catch (error) {
        throw translatedFailure(error);
      } finally {
        release({ reuse: false });
      }
    },
  };
}

async function begin(
  pool: pg.Pool,
  statement: string,
): Promise<{ readonly send: Queryable; readonly release: (options: { readonly reuse: boolean }) => void }> {
  const client = await translated(() => pool.connect());
  // The server may end the session while nobody waits for an answer; the next statement reports it.
  const ignore = (): void => undefined;
  client.on("error", ignore);
  let isHeld = true;
  const release = ({ reuse }: { readonly reuse: boolean }): void => {
    if (!isHeld) return;
    isHeld = false;
    client.off("error", ignore);
    client.release(!reuse);
  };
  try {
    await client.query(`${statement}; set local idle_in_transaction_session_timeout = '60s'`);
  } catch (error) {
    release({ reuse: false });
    throw translatedFailure(error);
  }
  return { send: (query) => client.query(query), release };
}

const versionColumns = `v.subject, v.version, v.id, s.schema, s.schema_references, s.metadata,
                        v.deleted, v.author, v.registered_at`;

async function* readPlainVersions(send: Queryable, tables: string): AsyncGenerator<ExportedVersion> {
  await send({
    text: `declare plain_versions no scroll cursor for
           select ${versionColumns} from ${tables}.versions v join ${tables}.schemas s using (context, id)
           where s.schema_references = '[]' order by v.subject, v.version`,
  });
  for (;;) {
    const { rows } = await send<VersionRow>({ text: `fetch ${page} from plain_versions` });
    yield* rows.map(exportedVersion);
    if (rows.length < page) break;
  }
  await send({ text: "close plain_versions" });
}

async function* readReferringVersions(send: Queryable, tables: string): AsyncGenerator<ExportedVersion> {
  const { rows: keys } = await send<KeyRow>({
    text: `select v.subject, v.version, s.schema_references as references
           from ${tables}.versions v join ${tables}.schemas s using (context, id)
           where s.schema_references <> '[]' order by v.subject, v.version`,
  });
  const ordered = inReferenceOrder(keys);
  for (let start = 0; start < ordered.length; start += page) {
    const chunk = ordered.slice(start, start + page);
    const { rows } = await send<VersionRow>({
      text: `select ${versionColumns}
             from unnest($1::text[], $2::integer[]) with ordinality as wanted (subject, version, place)
             join ${tables}.versions v using (subject, version) join ${tables}.schemas s using (context, id)
             order by wanted.place`,
      values: [chunk.map(({ subject }) => subject), chunk.map(({ version }) => version)],
    });
    yield* rows.map(exportedVersion);
  }
}

async function readSettings(send: Queryable, tables: string): Promise<readonly ScopedSetting[]> {
  const { rows } = await send<SettingRow>({
    text: `select scope, compatibility, mode from ${tables}.settings order by scope`,
  });
  return rows.map(({ scope, compatibility, mode }) => ({
    scope,
    level: compatibility === null ? null : parseLevel(compatibility),
    mode: mode === null ? null : parseMode(mode),
  }));
}

function exportedVersion(row: VersionRow): ExportedVersion {
  const { subject, version, id, schema, metadata, deleted, author } = row;
  const { schema_references: references, registered_at: registeredAt } = row;
  return { subject, version, id, schema, references, metadata, deleted, author, registeredAt };
}

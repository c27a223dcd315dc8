import type pg from "pg";
import type {
  RegistryReader,
  SubjectFilter,
  VersionFilter,
  Visibility,
} from "../registry/registry-storage.ts";
import { parseLevel } from "../registry/level-name.ts";
import { parseMode } from "../registry/registry-mode.ts";
import type { SchemaMetadata } from "../registry/schema-metadata.ts";
import type { SchemaReference } from "../registry/schema-reference.ts";
import type { StoredSchema, SubjectVersion, VersionKey } from "../registry/subject-version.ts";

/** Sends one statement: the pool for a lone read, the transaction's client within one. */
export type Queryable = <Row extends pg.QueryResultRow>(
  statement: pg.QueryConfig,
) => Promise<pg.QueryResult<Row>>;

interface SchemaRow extends pg.QueryResultRow {
  id: number;
  guid: string;
  identity: string;
  schema: string;
  schema_references: SchemaReference[];
  metadata: SchemaMetadata | null;
}

interface VersionRow extends SchemaRow {
  subject: string;
  version: number;
  deleted: boolean;
  author: string | null;
  registered_at: Date;
}

interface Conditions {
  readonly where: string;
  readonly page: string;
  readonly values: unknown[];
}

const schemaColumns =
  "id, s.guid, encode(s.identity, 'hex') as identity, s.schema, s.schema_references, s.metadata";

function visible(alias: string, visibility: Visibility): string {
  if (visibility === "all") return "true";
  return visibility === "live" ? `not ${alias}.deleted` : `${alias}.deleted`;
}

export function registryReader(send: Queryable, tables: string): RegistryReader {
  const holding = `select min(v.version) from ${tables}.versions v
                   where v.subject = q.subject and v.context = s.context and v.id = s.id`;
  const versions = `${tables}.versions v join ${tables}.schemas s using (context, id)`;

  return {
    async findVersions(filter) {
      const { where, page, values } = versionConditions(filter, tables);
      const { rows } = await send<VersionRow>({
        text: `select v.subject, v.version, v.deleted, v.author, v.registered_at,
                      ${schemaColumns}
               from ${versions} where ${where} order by v.subject, v.version ${page}`,
        values,
      });
      return rows.map(subjectVersion);
    },

    async listVersions(filter) {
      const { where, page, values } = versionConditions(filter, tables);
      const { rows } = await send<VersionKey & pg.QueryResultRow>({
        text: `select v.subject, v.version, id, v.deleted, encode(s.identity, 'hex') as identity,
                      octet_length(s.schema) as size, s.schema_references <> '[]'::jsonb as refers
               from ${versions} where ${where} order by v.subject, v.version ${page}`,
        values,
      });
      return rows;
    },

    async listSubjects(filter) {
      const { where, page, values } = subjectConditions(filter, tables);
      const { rows } = await send<{ subject: string }>({
        text: `select v.subject from ${tables}.versions v where ${where}
               group by v.subject order by v.subject ${page}`,
        values,
      });
      return rows.map(({ subject }) => subject);
    },

    async findLargestId(context) {
      const { rows } = await send<{ id: number }>({
        text: `select coalesce(max(id), 0) as id from ${tables}.schemas where context = $1`,
        values: [context],
      });
      return rows[0]?.id ?? 0;
    },

    async findSchema(context, id) {
      const { rows } = await send<SchemaRow>({
        text: `select ${schemaColumns} from ${tables}.schemas s where context = $1 and id = $2`,
        values: [context, id],
      });
      return rows[0] ? storedSchema(rows[0]) : null;
    },

    async locateIds(questions) {
      const { rows } = await send<{ identity: string | null; version: number | null }>({
        text: `select encode(s.identity, 'hex') as identity, (${holding}) as version
               from unnest($1::text[], $2::integer[], $3::text[]) with ordinality as q (context, id, subject, place)
               left join ${tables}.schemas s on s.context = q.context and s.id = q.id
               order by q.place`,
        values: [
          questions.map(({ context }) => context),
          questions.map(({ id }) => id),
          questions.map(({ subject }) => subject),
        ],
      });
      return rows.map(({ identity, version }) => (identity === null ? null : { identity, version }));
    },

    async findSchemasByGuid(guid) {
      const { rows } = await send<SchemaRow & { context: string }>({
        text: `select context, ${schemaColumns} from ${tables}.schemas s where guid = $1 order by context`,
        values: [guid],
      });
      return rows.map((row) => ({ ...storedSchema(row), context: row.context }));
    },

    async readSettings(scopes) {
      const { rows } = await send<{ scope: string; compatibility: string | null; mode: string | null }>({
        text: `select scope, compatibility, mode from ${tables}.settings where scope = any($1)`,
        values: [scopes],
      });
      return new Map(
        rows.map(({ scope, compatibility, mode }) => [
          scope,
          {
            level: compatibility === null ? null : parseLevel(compatibility),
            mode: mode === null ? null : parseMode(mode),
          },
        ]),
      );
    },

    async listContexts(anyPrefix) {
      const values: unknown[] = [];
      const where = anyPrefix === undefined ? "true" : startsWithAny(`$${values.push(anyPrefix)}`);
      const { rows } = await send<{ context: string }>({
        text: `select v.context from ${tables}.versions v where ${where} group by v.context order by v.context`,
        values,
      });
      return rows.map(({ context }) => context);
    },
  };
}

function versionConditions(filter: VersionFilter, tables: string): Conditions {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const newest = `v.version = (select max(o.version) from ${tables}.versions o
                               where o.subject = v.subject and ${visible("o", filter.visibility)})`;
  const conditions = [
    visible("v", filter.visibility),
    filter.subject !== undefined && `v.subject = ${bind(filter.subject)}`,
    filter.context !== undefined && `context = ${bind(filter.context)}`,
    filter.subjectPrefix !== undefined && `starts_with(v.subject, ${bind(filter.subjectPrefix)})`,
    filter.anyPrefix && startsWithAny(bind(filter.anyPrefix)),
    filter.versions && `v.version = any(${bind(filter.versions)})`,
    typeof filter.version === "number" && `v.version = ${bind(filter.version)}`,
    (filter.version === "latest" || filter.latestOnly === true) && newest,
    filter.id !== undefined && `id = ${bind(filter.id)}`,
    filter.identity !== undefined && `s.identity = ${bind(Buffer.from(filter.identity, "hex"))}`,
    filter.properties && `s.metadata @> ${bind(JSON.stringify({ properties: filter.properties }))}::jsonb`,
    filter.refersTo && `s.schema_references @> ${bind(JSON.stringify([filter.refersTo]))}::jsonb`,
  ];
  const where = conditions.filter((condition) => typeof condition === "string").join(" and ");
  return { where, page: pageClause(filter, bind), values };
}

function subjectConditions(filter: SubjectFilter, tables: string): Conditions {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  // A subject counts as deleted once it has no live version left.
  const deletedOnly = `not exists (select from ${tables}.versions o where o.subject = v.subject and not o.deleted)`;
  const conditions = [
    filter.visibility === "deleted" ? deletedOnly : visible("v", filter.visibility),
    filter.context !== undefined && `v.context = ${bind(filter.context)}`,
    filter.subjectPrefix !== undefined && `starts_with(v.subject, ${bind(filter.subjectPrefix)})`,
    filter.anyPrefix && startsWithAny(bind(filter.anyPrefix)),
  ];
  const where = conditions.filter((condition) => typeof condition === "string").join(" and ");
  return { where, page: pageClause(filter, bind), values };
}

function startsWithAny(prefixes: string): string {
  return `exists (select from unnest(${prefixes}::text[]) as p (prefix) where starts_with(v.subject, p.prefix))`;
}

function pageClause(
  { offset, limit }: { readonly offset?: number; readonly limit?: number },
  bind: (value: unknown) => string,
): string {
  const parts = [
    limit !== undefined && `limit ${bind(limit)}`,
    offset !== undefined && `offset ${bind(offset)}`,
  ];
  return parts.filter((part) => typeof part === "string").join(" ");
}

function storedSchema(row: SchemaRow): StoredSchema {
  const { id, guid, identity, schema, schema_references: references, metadata } = row;
  return { id, guid, identity, schema, references, metadata };
}

function subjectVersion(row: VersionRow): SubjectVersion {
  return {
    ...storedSchema(row),
    subject: row.subject,
    version: row.version,
    deleted: row.deleted,
    author: row.author,
    registeredAt: row.registered_at,
  };
}

import type pg from "pg";

interface Described {
  readonly kind: string;
  readonly line: string;
}

/** Tables, columns, keys, indexes and triggers of a database schema as text: the embedded package has no pg_dump. */
export async function describeTables(
  pool: pg.Pool,
  schema: string,
  tables: readonly string[],
): Promise<string> {
  const { rows } = await pool.query<Described>(
    `with wanted as (
       select c.oid, c.relname from pg_class c
       where c.relnamespace = $1::regnamespace and c.relkind = 'r' and c.relname = any ($2)
     )
     select kind, line from (
       select 1 as sort, relname, attnum::text as place, 'column' as kind, relname || '.' || attname || ' '
         || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
         || case attidentity when 'a' then ' generated always as identity' else '' end
         || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
         || case when attstorage = 'e' then ' storage external' else '' end as line
       from wanted join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
       left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum
       union all
       select 2, relname, conname, 'constraint', relname || ': ' || pg_get_constraintdef(c.oid)
       from wanted w join pg_constraint c on c.conrelid = w.oid and c.contype <> 'n'
       union all
       select 3, relname, indexrelid::regclass::text, 'index', replace(pg_get_indexdef(indexrelid), $1 || '.', '')
       from wanted join pg_index on indrelid = oid
       union all
       select 4, relname, tgname, 'trigger', replace(pg_get_triggerdef(t.oid), $1 || '.', '')
       from wanted w join pg_trigger t on t.tgrelid = w.oid and not tgisinternal
     ) described
     order by relname, sort, case when sort = 1 then lpad(place, 4, '0') else place end`,
    [schema, tables],
  );
  return rows.map(({ kind, line }) => `${kind} ${line}\n`).join("");
}

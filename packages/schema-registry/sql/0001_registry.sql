-- One id space for all contexts: ids have gaps and are never given to another schema.
create sequence __SCHEMA__.schema_ids as integer;

create table __SCHEMA__.schemas (
  context           text collate "C" not null,
  id                integer not null check (id > 0),
  -- sha256 of the canonical text, the references and the metadata: equal schemas of a context share an id.
  identity          bytea not null,
  guid              uuid not null,
  schema            text not null,
  schema_references jsonb not null,
  metadata          jsonb,
  primary key (context, id),
  unique (context, identity)
);

create index schemas_guid on __SCHEMA__.schemas (guid);
create index schemas_references on __SCHEMA__.schemas using gin (schema_references jsonb_path_ops);

create table __SCHEMA__.versions (
  subject       text collate "C" not null,
  version       integer not null check (version > 0),
  context       text collate "C" not null,
  id            integer not null,
  deleted       boolean not null default false,
  author        text,
  registered_at timestamptz not null default clock_timestamp(),
  primary key (subject, version),
  foreign key (context, id) references __SCHEMA__.schemas (context, id)
);

create index versions_schema on __SCHEMA__.versions (context, id);

-- The scope is a subject, a context (':.name:'), or '' for everything.
create table __SCHEMA__.settings (
  scope         text collate "C" primary key,
  compatibility text,
  mode          text,
  check (compatibility is not null or mode is not null)
);

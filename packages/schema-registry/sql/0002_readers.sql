-- The schemas with which applications read, as each of their instances announces them when it starts.
create table __SCHEMA__.readers (
  application        text collate "C" not null,
  subject            text collate "C" not null,
  -- sha256 of the canonical text and the references.
  identity           bytea not null,
  schema             text not null,
  schema_references  jsonb not null,
  first_announced_at timestamptz not null default clock_timestamp(),
  announced_at       timestamptz not null default clock_timestamp(),
  superseded_at      timestamptz,
  primary key (application, subject, identity)
);

create index readers_subject on __SCHEMA__.readers (subject);

-- Subscriptions and read models. The read models' own tables live in schemas of their own, one for each build.

-- How far each partition of a subscription is. Stored in the transaction of the effect; that transaction must carry
-- the highest fencing token given out, so a process that was taken over cannot commit any more.
create table __SCHEMA__.checkpoints (
  subscription text not null,
  partition smallint not null,
  fencing_token bigint not null default 0,
  position bigint not null default 0,
  events bigint not null default 0,
  store_id uuid,
  event_id uuid,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (subscription, partition)
) with (fillfactor = 50);

-- Who works on a partition, apart from checkpoints so that heartbeats never wait for a commit.
create table __SCHEMA__.leases (
  subscription text not null,
  partition smallint not null,
  fencing_token bigint not null,
  owner uuid not null,
  label text not null,
  state text not null,
  error text,
  expires_at timestamptz not null,
  primary key (subscription, partition),
  foreign key (subscription, partition) references __SCHEMA__.checkpoints on delete cascade
) with (fillfactor = 50);

create table __SCHEMA__.projection_builds (
  id bigint primary key generated always as identity,
  projection text not null,
  version smallint not null,
  number integer not null,
  schema_name text not null,
  subscription text not null,
  status text not null check (status in ('building', 'active', 'retired', 'cancelled', 'dropped')),
  fingerprint jsonb not null,
  target bigint not null,
  read_events bigint not null default 0,
  read_position bigint not null default 0,
  events_per_second real not null default 0,
  eta_seconds real,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  unique (projection, version, number)
);
-- Two processes that see a new version at once make one build of it.
create unique index projection_builds_one_building on __SCHEMA__.projection_builds (projection, version)
  where status = 'building';

-- Which build serves a version. Activation changes one row, and every reader sees either all of the old read model or
-- all of the new one.
create table __SCHEMA__.projection_pointers (
  projection text not null,
  version smallint not null,
  build_id bigint not null references __SCHEMA__.projection_builds,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (projection, version)
);

-- Part of each commit's statement: raises, and so undoes all of it, unless the checkpoint was still this owner's to
-- move and every row was as the projector knew it.
create function __SCHEMA__.check_commit(fenced bigint, written bigint, expected bigint) returns void
language plpgsql as $$
begin
  if fenced <> 1 then
    raise exception 'the lease was taken over' using errcode = 'TM001';
  end if;
  if written <> expected then
    raise exception 'rows were written by somebody else: [%] of [%] changed', written, expected using errcode = 'TM002';
  end if;
end $$;

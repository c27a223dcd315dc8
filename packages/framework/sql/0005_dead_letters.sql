-- Sequences that stand still because one of their events failed. Everything here is written by the owner of the
-- partition, in the transaction of the checkpoint that passes the event; operators only set `request`.
create table __SCHEMA__.parked_sequences (
  subscription text not null,
  partition smallint not null,
  sequence text not null,
  attempts integer not null,
  error text not null,
  -- How many dead letters wait: counting a million of them for every status would take too long.
  events bigint not null default 0,
  -- What an operator asks the owner to do.
  request text check (request in ('retry', 'discard')),
  requested_by text,
  reason text,
  parked_at timestamptz not null default clock_timestamp(),
  failed_at timestamptz not null default clock_timestamp(),
  primary key (subscription, partition, sequence),
  foreign key (subscription, partition) references __SCHEMA__.checkpoints on delete cascade
);

-- The failed event of a sequence and all later ones, by position: the log has the events themselves.
create table __SCHEMA__.dead_letters (
  position bigint not null,
  event_id uuid not null,
  partition smallint not null,
  subscription text not null,
  sequence text not null,
  parked_at timestamptz not null default clock_timestamp(),
  primary key (subscription, partition, sequence, position),
  foreign key (subscription, partition, sequence) references __SCHEMA__.parked_sequences on delete cascade
);

-- What an operator has given up, kept with the reason.
create table __SCHEMA__.discarded_letters (
  position bigint not null,
  event_id uuid not null,
  subscription text not null,
  sequence text not null,
  error text not null,
  discarded_by text not null,
  reason text not null,
  discarded_at timestamptz not null default clock_timestamp()
);
create index discarded_letters_subscription on __SCHEMA__.discarded_letters (subscription, discarded_at);

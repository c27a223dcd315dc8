-- Partitions are ranges of the hash space of partition_hash, and can be split and merged while they are worked on.
-- Merging: the partition that is ahead stands still (`paused`) until the other one has come to the same position
-- (`stop_at`), and then one of them takes over both ranges.
alter table __SCHEMA__.checkpoints
  add column first_hash integer not null default 0,
  add column last_hash integer not null default 65535,
  add column paused boolean not null default false,
  add column stop_at bigint,
  add column merges_with smallint,
  add constraint checkpoints_range check (0 <= first_hash and first_hash <= last_hash and last_hash <= 65535);

-- Which processes share the partitions of a subscription, so that each can tell its fair part of them.
create table __SCHEMA__.subscription_nodes (
  subscription text not null,
  owner uuid not null,
  seen_at timestamptz not null,
  primary key (subscription, owner)
);

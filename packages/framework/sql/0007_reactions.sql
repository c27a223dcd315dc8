-- Up to here a subscription that was rewound sees history again: what it must not do twice is muted.
alter table __SCHEMA__.checkpoints add column replay_until bigint not null default 0;

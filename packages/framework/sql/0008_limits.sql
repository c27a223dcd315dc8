-- Limits that hold for all processes together, and what intake queues keep for later.

-- Requests are given out along a line of time: `next_at` is when the first one that nobody has may go out.
create table __SCHEMA__.rate_limits (
  name text not null primary key,
  next_at timestamptz not null
) with (fillfactor = 50);

-- Gives out `requests` in a row, `interval_ms` apart, the first of them in `wait_ms` milliseconds; none when that is
-- more than `patience_ms`. What a late caller missed is made up for by `catch_up_ms` at most. A line that runs further
-- ahead than it can by itself, `ahead_ms`, was left by a clock that went back or by a slower limit.
create function __SCHEMA__.reserve_requests(
  limit_name text, requests integer, interval_ms double precision, catch_up_ms double precision,
  patience_ms double precision, ahead_ms double precision, out granted boolean, out wait_ms double precision
) language plpgsql as $$
declare
  _next timestamptz;
  _now timestamptz;
  _millisecond constant interval := interval '1 millisecond';
begin
  insert into __SCHEMA__.rate_limits (name, next_at) values (limit_name, clock_timestamp())
    on conflict (name) do nothing;
  select l.next_at into _next from __SCHEMA__.rate_limits l where l.name = limit_name for update;
  _now := clock_timestamp();
  _next := least(greatest(_next, _now - catch_up_ms * _millisecond), _now + ahead_ms * _millisecond);
  wait_ms := extract(epoch from _next - _now) * 1000;
  granted := wait_ms <= patience_ms;
  if granted then
    update __SCHEMA__.rate_limits l set next_at = _next + requests * interval_ms * _millisecond
      where l.name = limit_name;
  end if;
end $$;

create table __SCHEMA__.semaphores (
  name text not null primary key,
  permits integer not null check (permits > 0)
);

-- Who has or wants a permit: the oldest live tickets, as many as there are permits, have one.
create table __SCHEMA__.semaphore_tickets (
  ticket bigint primary key generated always as identity,
  name text not null references __SCHEMA__.semaphores on delete cascade,
  label text not null,
  expires_at timestamptz not null
) with (fillfactor = 50);
create index semaphore_tickets_name on __SCHEMA__.semaphore_tickets (name, ticket);

-- The row of the semaphore is locked while tickets are made or renewed. So they are numbered in the order of their
-- commits, none comes back to life, and whoever has a permit once has it until his ticket expires.
create function __SCHEMA__.enter_semaphore(
  semaphore text, holder text, lease_ms double precision, out ticket bigint, out granted boolean
) language plpgsql as $$
declare
  _permits integer;
begin
  select s.permits into strict _permits from __SCHEMA__.semaphores s where s.name = semaphore for update;
  delete from __SCHEMA__.semaphore_tickets t where t.name = semaphore and t.expires_at <= clock_timestamp();
  insert into __SCHEMA__.semaphore_tickets as t (name, label, expires_at)
    values (semaphore, holder, clock_timestamp() + lease_ms * interval '1 millisecond')
    returning t.ticket into enter_semaphore.ticket;
  granted := _permits > (
    select count(*) from __SCHEMA__.semaphore_tickets t
    where t.name = semaphore and t.ticket < enter_semaphore.ticket
  );
end $$;

-- Answers those tickets that are still alive.
create function __SCHEMA__.renew_tickets(tickets bigint[], lease_ms double precision)
returns table (ticket bigint, granted boolean) language plpgsql as $$
declare
  _names text[];
begin
  select array_agg(l.name) into _names from (
    select s.name from __SCHEMA__.semaphores s
    where s.name in (select t.name from __SCHEMA__.semaphore_tickets t where t.ticket = any (tickets))
    order by s.name for update
  ) l;
  delete from __SCHEMA__.semaphore_tickets t where t.name = any (_names) and t.expires_at <= clock_timestamp();
  update __SCHEMA__.semaphore_tickets t set expires_at = clock_timestamp() + lease_ms * interval '1 millisecond'
    where t.ticket = any (tickets);
  return query
    select t.ticket, s.permits > (
      select count(*) from __SCHEMA__.semaphore_tickets o where o.name = t.name and o.ticket < t.ticket
    )
    from __SCHEMA__.semaphore_tickets t join __SCHEMA__.semaphores s on s.name = t.name
    where t.ticket = any (tickets);
end $$;

-- What a full intake queue keeps for later, in order. The key makes storing the same item twice harmless.
create table __SCHEMA__.spilled_items (
  item_no bigint generated always as identity,
  queue text not null,
  key text not null,
  item bytea not null,
  spilled_at timestamptz not null default clock_timestamp(),
  primary key (queue, item_no),
  unique (queue, key)
);

-- Who drains a queue: one process at a time, so that the order stays.
create table __SCHEMA__.spill_drains (
  queue text not null primary key,
  owner uuid not null,
  expires_at timestamptz not null
) with (fillfactor = 50);

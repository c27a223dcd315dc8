-- Bounds of stream reads, soft delete, scheduled erasures, and what sparse filters need.

-- Filters by event type that match few events. It costs an append about 24 bytes an event and one more leaf to write.
create index events_type_no_position on __SCHEMA__.events (type_no, position);

-- Filters by category that match few streams; written with a new stream only.
create index streams_tenant_category on __SCHEMA__.streams (tenant, category, stream_no);

-- Apart from streams, so that nothing that an append reads under the lock is ever updated for it.
create table __SCHEMA__.stream_metadata (
  stream_no bigint primary key,
  max_count bigint check (max_count >= 1),
  max_age_seconds bigint check (max_age_seconds >= 1),
  truncate_before bigint check (truncate_before >= 0)
);

-- last_revision null: the stream's last one when it is carried out. erasure_no: the record, once that has happened.
create table __SCHEMA__.scheduled_erasures (
  request_no bigint primary key generated always as identity,
  stream_no bigint not null,
  first_revision bigint not null,
  last_revision bigint,
  due_at timestamptz not null,
  retry_at timestamptz not null,
  requested_at timestamptz not null default clock_timestamp(),
  erasure_no bigint,
  failures integer not null default 0,
  requested_by text not null,
  reason text not null,
  last_error text
);
create index scheduled_erasures_pending on __SCHEMA__.scheduled_erasures (retry_at) where erasure_no is null;

-- The last revision of a stream that has a row: that of its last event, or the floor when its events have left.
create function __SCHEMA__.last_revision(stream_no bigint, floor bigint) returns bigint language sql stable
  return coalesce(
    (select e.revision from __SCHEMA__.events e where e.stream_no = last_revision.stream_no
     order by e.revision desc limit 1), floor);

-- A page of a stream, within what its metadata shows: after size events or about page_bytes of payload it ends. A
-- function, since its plans are kept; and a loop, since a sum over a window costs more than it.
create function __SCHEMA__.read_stream(
  tenant text, stream_id text, first_revision bigint, backwards boolean, size integer, page_bytes integer
) returns setof __SCHEMA__.events language plpgsql stable as $$
declare
  _stream_no bigint;
  _lowest bigint;
  _max_age bigint;
  _left bigint := page_bytes;
  _event __SCHEMA__.events;
begin
  select s.stream_no, m.max_age_seconds, greatest(s.truncate_before, m.truncate_before,
    case when m.max_count is not null then __SCHEMA__.last_revision(s.stream_no, s.revision) - m.max_count + 1 end)
  into _stream_no, _max_age, _lowest
  from __SCHEMA__.streams s left join __SCHEMA__.stream_metadata m on m.stream_no = s.stream_no
  where s.tenant = read_stream.tenant and s.stream_id = read_stream.stream_id and not s.deleted;
  if not found then
    return;
  end if;
  if backwards then
    for _event in
      select * from __SCHEMA__.events e
      where e.stream_no = _stream_no and e.revision <= first_revision and e.revision >= _lowest
        and (_max_age is null or date_part('epoch', now() - e.recorded_at) < _max_age)
      order by e.revision desc limit size
    loop
      return next _event;
      _left := _left - octet_length(_event.data) - octet_length(_event.meta);
      exit when _left <= 0;
    end loop;
  else
    for _event in
      select * from __SCHEMA__.events e
      where e.stream_no = _stream_no and e.revision >= greatest(first_revision, _lowest)
        and (_max_age is null or date_part('epoch', now() - e.recorded_at) < _max_age)
      order by e.revision limit size
    loop
      return next _event;
      _left := _left - octet_length(_event.data) - octet_length(_event.meta);
      exit when _left <= 0;
    end loop;
  end if;
end $$;

-- Soft delete. expected: a revision, or -1 any, -2 no stream, -3 stream exists, as in append_events; met is false for a
-- conflict. A procedure for the reason given there.
create procedure __SCHEMA__.delete_stream(
  tenant text, stream_id text, expected bigint, out met boolean, out actual bigint
) language plpgsql as $$
declare
  _stream_no bigint;
begin
  commit;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'delete_stream runs at READ COMMITTED, not at [%]: reset default_transaction_isolation of this role',
      current_setting('transaction_isolation');
  end if;
  perform pg_advisory_xact_lock(1953064037, '__SCHEMA__.events'::regclass::oid::integer);
  select s.stream_no, __SCHEMA__.last_revision(s.stream_no, s.revision) into _stream_no, actual
  from __SCHEMA__.streams s
  where s.tenant = delete_stream.tenant and s.stream_id = delete_stream.stream_id and not s.deleted;
  met := expected = -1 or expected = coalesce(actual, -2) or (expected = -3 and actual is not null);
  if met and _stream_no is not null then
    update __SCHEMA__.streams s set deleted = true, truncate_before = actual + 1 where s.stream_no = _stream_no;
    delete from __SCHEMA__.stream_metadata m where m.stream_no = _stream_no;
  end if;
end $$;

-- Carries out one scheduled erasure that is due, if there is one: request_no is null otherwise. Another one that is at
-- it is passed by. A failure is kept with the request, which is tried again later and stops no other one.
create function __SCHEMA__.run_scheduled_erasure(
  out request_no bigint, out stream_id text, out erased bigint, out types text[], out failure text
) language plpgsql security definer set search_path = __SCHEMA__, pg_temp as $$
declare
  _request scheduled_erasures;
  _stream streams;
  _erasure_no bigint;
begin
  select * into _request from scheduled_erasures r
  where r.erasure_no is null and r.retry_at <= clock_timestamp()
  order by r.retry_at limit 1 for update skip locked;
  if not found then
    return;
  end if;
  request_no := _request.request_no;
  select * into _stream from streams s where s.stream_no = _request.stream_no;
  stream_id := _stream.stream_id;
  begin
    select e.erasure_no, e.erased, e.types into _erasure_no, erased, types
    from erase_events(_stream.tenant, _stream.stream_id, _request.first_revision,
      coalesce(_request.last_revision, last_revision(_stream.stream_no, _stream.revision)), _request.requested_by,
      _request.reason) e;
    update scheduled_erasures r set erasure_no = _erasure_no where r.request_no = _request.request_no;
  exception when others then
    failure := sqlerrm;
    update scheduled_erasures r
    set failures = r.failures + 1, last_error = failure,
      retry_at = clock_timestamp() + least(interval '1 hour', interval '10 seconds' * 2 ^ least(r.failures, 10))
    where r.request_no = _request.request_no;
  end;
end $$;
revoke all on function __SCHEMA__.run_scheduled_erasure() from public;

-- The event store. Encodings, the partition hash and the columns' meaning are stored for ever; procedures and
-- functions may be replaced by a later migration.

-- One row: which store this is, and the oldest framework that may touch it.
create table __SCHEMA__.store (
  singleton boolean primary key default true check (singleton),
  store_id uuid not null,
  format integer not null,
  created_at timestamptz not null
);
insert into __SCHEMA__.store (store_id, format, created_at) values (gen_random_uuid(), 1, clock_timestamp());

create table __SCHEMA__.event_types (
  type_no integer primary key,
  name text not null unique
);

create table __SCHEMA__.event_schemas (
  schema_no integer primary key,
  version integer not null,
  sha256 bytea not null unique check (sha256 = sha256(convert_to(text, 'UTF8'))),
  subject text not null,
  text text not null
);

-- revision is a floor: the last revision is that of the stream's last event, or this when its events have left the
-- table. An append does not raise it: a row that changes with every append makes each append slower than the one before
-- for as long as somebody holds an old snapshot.
create table __SCHEMA__.streams (
  stream_no bigint primary key,
  revision bigint not null,
  truncate_before bigint not null default 0,
  stream_hash integer not null check (stream_hash between 0 and 65535),
  deleted boolean not null default false,
  tenant text not null,
  stream_id text not null,
  category text not null
);
create unique index streams_tenant_stream_id on __SCHEMA__.streams (tenant, stream_id);

-- encoding: 0 plain Avro, 1 compressed, 2 encrypted, 3 erased. Payloads are small and already dense, so compressing
-- them would only cost time.
create table __SCHEMA__.events (
  position bigint primary key,
  event_id uuid not null,
  stream_no bigint not null,
  revision bigint not null,
  type_no integer not null,
  event_version smallint not null,
  schema_no integer not null,
  encoding smallint not null,
  data bytea not null,
  correlation_id uuid,
  causation_id uuid,
  recorded_at timestamptz not null,
  meta bytea not null
);
alter table __SCHEMA__.events alter column data set storage external, alter column meta set storage external;
create index events_stream_no_revision on __SCHEMA__.events (stream_no, revision);
create index events_stream_no_event_id on __SCHEMA__.events (stream_no, event_id);

create table __SCHEMA__.idempotency_records (
  expires_at timestamptz not null,
  revision bigint,
  position bigint,
  tenant text not null,
  principal text not null,
  key text not null,
  request_hash bytea not null,
  body bytea not null,
  primary key (tenant, principal, key)
);
create index idempotency_records_expires_at on __SCHEMA__.idempotency_records (expires_at);

-- Written by erase_events only, in the transaction that erases: the trigger on events asks for it.
create table __SCHEMA__.erasures (
  erasure_no bigint primary key generated always as identity,
  stream_no bigint not null,
  first_revision bigint not null,
  last_revision bigint not null,
  transaction_id xid8 not null default pg_current_xact_id(),
  erased_at timestamptz not null default clock_timestamp(),
  requested_by text not null,
  reason text not null
);

-- Place of a key in the partition hash space, 0 to 65535: 32-bit FNV-1a over the UTF-8 bytes, mixed by the finalizer
-- of MurmurHash3, upper 16 bits. A stream's key is its tenant, one zero byte, its name. partition-hash.ts is the same
-- function; neither may ever change.
create function __SCHEMA__.partition_hash(key bytea) returns integer language plpgsql immutable strict as $$
declare
  _hash bigint := 2166136261;
begin
  for _i in 0 .. octet_length(key) - 1 loop
    _hash := ((_hash # get_byte(key, _i)) * 16777619) & 4294967295;
  end loop;
  _hash := _hash # (_hash >> 16);
  _hash := ((_hash * 2246822507::numeric) % 4294967296)::bigint;
  _hash := _hash # (_hash >> 13);
  _hash := ((_hash * 3266489909::numeric) % 4294967296)::bigint;
  return (_hash # (_hash >> 16)) >> 16;
end $$;

-- Appends a set of independent calls; each gets its own outcome, none fails its neighbours.
--
-- A call owns stream_counts of consecutive elements of the stream arrays (stream_calls says which call), a stream
-- owns stream_counts consecutive elements of the event arrays. Within one set a stream and an idempotency key may
-- occur once; the procedure raises otherwise.
--   stream_expected  a revision, or -1 any, -2 no stream, -3 stream exists
--   call_keys        null when no call of the set has one
--   event_type_nos, event_schema_nos   the catalogue's number, or -n for the n-th of new_types, new_schema_hashes
--   payload          data and meta of the events one after the other; data_starts count from 1
--   statuses         0 appended, 1 conflict, 2 duplicate event, 3 already recorded
--
-- It is a procedure because only COMMIT can tell autocommit from an open transaction, in which a client would hold the
-- lock, and with it every other writer, across a round trip.
create procedure __SCHEMA__.append_events(
  call_tenants text[], call_principals text[], call_keys text[], call_request_hashes bytea[], call_bodies bytea[],
  call_ttls bigint[],
  stream_calls integer[], stream_ids text[], stream_hashes integer[], stream_expected bigint[], stream_counts integer[],
  event_streams integer[], event_ids uuid[], event_type_nos integer[], event_versions smallint[],
  event_schema_nos integer[], event_correlations uuid[], event_causations uuid[],
  data_starts integer[], data_lengths integer[], meta_lengths integer[], payload bytea,
  new_types text[], new_schema_hashes bytea[], new_schema_texts text[], new_schema_subjects text[],
  new_schema_versions integer[],
  out statuses integer[], out positions bigint[], out revisions bigint[], out conflicts integer[],
  out duplicates uuid[], out record_request_hashes bytea[], out record_bodies bytea[], out record_revisions bigint[],
  out record_positions bigint[]
) language plpgsql as $$
declare
  _calls constant integer := cardinality(call_tenants);
  _streams constant integer := cardinality(stream_calls);
  _nulls constant bigint[] := array_fill(null::bigint, array[_streams]);
  _clock timestamptz;
  _recorded_at timestamptz;
  _position bigint;
  _stream_nos bigint[];
  _created bigint[] := _nulls;
  _position_shifts bigint[] := _nulls;
  _revision_shifts bigint[] := _nulls;
  _call_revisions bigint[] := array_fill(null::bigint, array[_calls]);
  _max_stream_no bigint;
  _before integer := 0;
  _appended integer := 0;
  _call integer;
  _expected bigint;
  _actual bigint;
  _row record;
  _settings text;
begin
  commit;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_events runs at READ COMMITTED, not at [%]: reset default_transaction_isolation of this role',
      current_setting('transaction_isolation');
  end if;
  -- The statements below are index lookups at any table size; a plan cached while a table was small must not scan it later.
  _settings := set_config('plan_cache_mode', 'force_generic_plan', true) || set_config('enable_seqscan', 'off', true)
    || set_config('enable_hashjoin', 'off', true) || set_config('enable_mergejoin', 'off', true)
    || set_config('jit', 'off', true);

  -- Each statement after this line sees all that was committed under the lock before.
  perform pg_advisory_xact_lock(1953064037, '__SCHEMA__.events'::regclass::oid::integer);
  _clock := clock_timestamp();
  select e.position, e.recorded_at into _position, _recorded_at
  from __SCHEMA__.events e order by e.position desc limit 1;
  _position := coalesce(_position, 0);
  _recorded_at := greatest(_clock, _recorded_at);
  statuses := array_fill(0, array[_calls]);
  positions := array_fill(null::bigint, array[_calls]);
  conflicts := array_fill(null::integer, array[_calls]);
  duplicates := array_fill(null::uuid, array[_calls]);

  if call_keys is not null then
    record_request_hashes := array_fill(null::bytea, array[_calls]);
    record_bodies := record_request_hashes;
    record_revisions := positions;
    record_positions := positions;
    for _row in
      select c.ordinality::integer as call, r.request_hash, r.body, r.revision, r.position
      from unnest(call_tenants, call_principals, call_keys) with ordinality c(tenant, principal, key)
      join __SCHEMA__.idempotency_records r using (tenant, principal, key)
      where r.expires_at > _clock
    loop
      statuses[_row.call] := 3;
      record_request_hashes[_row.call] := _row.request_hash;
      record_bodies[_row.call] := _row.body;
      record_revisions[_row.call] := _row.revision;
      record_positions[_row.call] := _row.position;
    end loop;
  end if;

  select array_agg(s.stream_no order by i.ordinality), array_agg(coalesce(e.revision, s.revision) order by i.ordinality)
  into _stream_nos, revisions
  from unnest(stream_calls, stream_ids) with ordinality i(call, stream_id)
  left join __SCHEMA__.streams s on s.tenant = call_tenants[i.call] and s.stream_id = i.stream_id
  left join lateral (
    select e.revision from __SCHEMA__.events e where e.stream_no = s.stream_no order by e.revision desc limit 1
  ) e on true;
  if _streams > 1 and (select count(n) <> count(distinct n) from unnest(_stream_nos) n) then
    raise exception 'a stream occurs twice in one set';
  end if;

  for _s in 1 .. _streams loop
    _call := stream_calls[_s];
    _expected := stream_expected[_s];
    _actual := revisions[_s];
    if statuses[_call] = 0
      and not (_expected = -1 or _expected = coalesce(_actual, -2) or (_expected = -3 and _actual is not null))
    then
      statuses[_call] := 1;
      conflicts[_call] := _s;
    end if;
  end loop;

  for _row in
    select stream_calls[i.stream] as call, i.event_id
    from unnest(event_streams, event_ids) i(stream, event_id)
    join __SCHEMA__.events e on e.stream_no = _stream_nos[i.stream] and e.event_id = i.event_id
  loop
    if statuses[_row.call] = 0 then
      statuses[_row.call] := 2;
      duplicates[_row.call] := _row.event_id;
    end if;
  end loop;

  for _s in 1 .. _streams loop
    _call := stream_calls[_s];
    if statuses[_call] = 0 and stream_counts[_s] > 0 then
      if _stream_nos[_s] is null then
        if _max_stream_no is null then
          select coalesce(max(s.stream_no), 0) into _max_stream_no from __SCHEMA__.streams s;
        end if;
        _max_stream_no := _max_stream_no + 1;
        _stream_nos[_s] := _max_stream_no;
        _created[_s] := _max_stream_no;
        revisions[_s] := -1;
      end if;
      _position_shifts[_s] := _position - _before;
      _revision_shifts[_s] := revisions[_s] - _before;
      _position := _position + stream_counts[_s];
      _appended := _appended + stream_counts[_s];
      revisions[_s] := revisions[_s] + stream_counts[_s];
      positions[_call] := _position;
      _call_revisions[_call] := coalesce(_call_revisions[_call], revisions[_s]);
    end if;
    _before := _before + stream_counts[_s];
  end loop;

  if _max_stream_no is not null then
    insert into __SCHEMA__.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
    select i.stream_no, i.revision, i.hash, call_tenants[i.call], i.stream_id, split_part(i.stream_id, '-', 1)
    from unnest(_created, revisions, stream_hashes, stream_calls, stream_ids)
      i(stream_no, revision, hash, call, stream_id)
    where i.stream_no is not null;
  end if;

  if cardinality(new_types) > 0 then
    insert into __SCHEMA__.event_types (type_no, name)
    select (select coalesce(max(t.type_no), 0) from __SCHEMA__.event_types t) + row_number() over (), n.name
    from unnest(new_types) n(name)
    where not exists (select from __SCHEMA__.event_types t where t.name = n.name);
    event_type_nos := array(
      select coalesce(t.type_no, i.type_no)
      from unnest(event_type_nos) with ordinality i(type_no)
      left join __SCHEMA__.event_types t on t.name = new_types[-i.type_no]
      order by i.ordinality);
  end if;
  if cardinality(new_schema_hashes) > 0 then
    insert into __SCHEMA__.event_schemas (schema_no, version, sha256, subject, text)
    select (select coalesce(max(c.schema_no), 0) from __SCHEMA__.event_schemas c) + row_number() over (),
      n.version, n.sha256, n.subject, n.text
    from unnest(new_schema_versions, new_schema_hashes, new_schema_subjects, new_schema_texts)
      n(version, sha256, subject, text)
    where not exists (select from __SCHEMA__.event_schemas c where c.sha256 = n.sha256);
    event_schema_nos := array(
      select coalesce(c.schema_no, i.schema_no)
      from unnest(event_schema_nos) with ordinality i(schema_no)
      left join __SCHEMA__.event_schemas c on c.sha256 = new_schema_hashes[-i.schema_no]
      order by i.ordinality);
  end if;

  if _appended > 0 then
    insert into __SCHEMA__.events (position, event_id, stream_no, revision, type_no, event_version, schema_no, encoding,
      data, correlation_id, causation_id, recorded_at, meta)
    select _position_shifts[i.stream] + i.ordinality, i.event_id, _stream_nos[i.stream],
      _revision_shifts[i.stream] + i.ordinality, i.type_no, i.event_version, i.schema_no, 0,
      substring(payload from i.start for i.data_length), i.correlation_id, i.causation_id, _recorded_at,
      substring(payload from i.start + i.data_length for i.meta_length)
    from unnest(event_streams, event_ids, event_type_nos, event_versions, event_schema_nos, event_correlations,
      event_causations, data_starts, data_lengths, meta_lengths) with ordinality
      i(stream, event_id, type_no, event_version, schema_no, correlation_id, causation_id, start, data_length, meta_length)
    where _position_shifts[i.stream] is not null;
    perform pg_notify('tidemark_events_' || '__SCHEMA__.events'::regclass::oid, _position::text);
  end if;

  if call_keys is not null then
    -- Only an expired record can stand in the way.
    insert into __SCHEMA__.idempotency_records (expires_at, revision, position, tenant, principal, key, request_hash, body)
    select _clock + c.ttl * interval '1 millisecond', _call_revisions[c.ordinality], positions[c.ordinality], c.tenant,
      c.principal, c.key, c.request_hash, c.body
    from unnest(call_tenants, call_principals, call_keys, call_request_hashes, call_bodies, call_ttls) with ordinality
      c(tenant, principal, key, request_hash, body, ttl)
    where c.key is not null and statuses[c.ordinality] = 0
    on conflict (tenant, principal, key) do update set expires_at = excluded.expires_at,
      revision = excluded.revision, position = excluded.position, request_hash = excluded.request_hash,
      body = excluded.body;
  end if;
end $$;

-- Takes the payloads of a stretch of a stream away for good; place, type and metadata stay, and a record of it.
-- Returns what a caller needs to name the read models that still show the data.
create function __SCHEMA__.erase_events(
  tenant text, stream_id text, first_revision bigint, last_revision bigint, requested_by text, reason text,
  out erasure_no bigint, out erased bigint, out types text[]
) language plpgsql security definer set search_path = __SCHEMA__, pg_temp as $$
declare
  _stream_no bigint;
begin
  select s.stream_no into _stream_no from streams s
  where s.tenant = erase_events.tenant and s.stream_id = erase_events.stream_id;
  if _stream_no is null then
    raise exception 'there is no stream [%] of tenant [%]', stream_id, tenant;
  end if;
  insert into erasures (stream_no, first_revision, last_revision, requested_by, reason)
  values (_stream_no, first_revision, last_revision, requested_by, reason)
  returning erasures.erasure_no into erasure_no;
  with changed as (
    update events e set encoding = 3, data = ''
    where e.stream_no = _stream_no and e.encoding <> 3
      and e.revision between erase_events.first_revision and erase_events.last_revision
    returning e.type_no
  )
  select count(*), array_agg(distinct t.name order by t.name) into erased, types
  from changed c join event_types t using (type_no);
end $$;
revoke all on function __SCHEMA__.erase_events(text, text, bigint, bigint, text, text) from public;

-- The second line behind the role's privileges: it also stops the owner.
create function __SCHEMA__.refuse_event_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.encoding = 3 and new.data = ''
      and (new.position, new.event_id, new.stream_no, new.revision, new.type_no, new.event_version, new.schema_no,
        new.correlation_id, new.causation_id, new.recorded_at, new.meta)
      is not distinct from (old.position, old.event_id, old.stream_no, old.revision, old.type_no, old.event_version,
        old.schema_no, old.correlation_id, old.causation_id, old.recorded_at, old.meta)
      and exists (
        select from __SCHEMA__.erasures r
        where r.transaction_id = pg_current_xact_id() and r.stream_no = old.stream_no
          and old.revision between r.first_revision and r.last_revision)
    then
      return new;
    end if;
  end if;
  raise exception 'events are append-only: % refused', tg_op
    using errcode = 'insufficient_privilege', hint = 'Payloads are removed with erase_events, which keeps a record.';
end $$;
create trigger events_erase_only before update on __SCHEMA__.events
  for each row execute function __SCHEMA__.refuse_event_change();
create trigger events_append_only before delete or truncate on __SCHEMA__.events
  for each statement execute function __SCHEMA__.refuse_event_change();

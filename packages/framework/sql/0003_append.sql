-- Appending with conditions, to deleted streams, and by the short way for a lone event.

-- For one transaction: index lookups at any table size, planned once.
create function __SCHEMA__.set_append_planner() returns void language plpgsql as $$
begin
  perform set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('jit', 'off', true);
end $$;

-- Position of the first event behind after that matches; null when there is none. types and categories: null = all.
--
-- Types have an index; that its columns are compared and sorted as a row leaves the planner no other, which would walk
-- the log in the hope that a match is near. A category has none over events: a stretch of the log is read as it is, and
-- behind a longer one the category's streams tell by their last events whether there is anything at all.
create function __SCHEMA__.first_match(tenant text, types text[], categories text[], after bigint, head bigint)
returns bigint language plpgsql as $$
#variable_conflict use_variable
declare
  _short constant bigint := 10000;
  _found bigint;
begin
  if types is not null then
    return (
      select min(f.position)
      from __SCHEMA__.event_types t, lateral (
        select e.position from __SCHEMA__.events e join __SCHEMA__.streams s on s.stream_no = e.stream_no
        where (e.type_no, e.position) > (t.type_no, after) and e.type_no <= t.type_no and s.tenant = tenant
          and (categories is null or s.category = any (categories))
        order by e.type_no, e.position limit 1) f
      where t.name = any (types));
  end if;
  if categories is null then
    return (
      select e.position from __SCHEMA__.events e
      where e.position > after
        and exists (select from __SCHEMA__.streams s where s.stream_no = e.stream_no and s.tenant = tenant offset 0)
      order by e.position limit 1);
  end if;
  select e.position into _found
  from (
    select e.position, e.stream_no from __SCHEMA__.events e
    where e.position > after and e.position <= after + _short order by e.position offset 0
  ) e
  where exists (
    select from __SCHEMA__.streams s
    where s.stream_no = e.stream_no and s.tenant = tenant and s.category = any (categories) offset 0)
  order by e.position limit 1;
  if _found is not null or head - after <= _short then
    return _found;
  end if;
  return (
    select min(f.position)
    from __SCHEMA__.streams s, lateral (
      select e.position from __SCHEMA__.events e where e.stream_no = s.stream_no order by e.revision desc limit 1) l,
    lateral (
      select e.position from __SCHEMA__.events e
      where l.position > after and e.stream_no = s.stream_no and e.position > after
      order by e.revision limit 1) f
    where s.tenant = tenant and s.category = any (categories));
end $$;

-- The first of an append's conditions that does not hold, or a row of nulls. Called under the append lock.
--   conditions  [{"streamId", "expected"} or {"after", "types", "categories"}]; numbers as text
--   status      4 a stream stands elsewhere (evidence: its last revision, null when it is missing), 5 an event is
--               excluded (evidence: its position)
create function __SCHEMA__.broken_condition(
  tenant text, conditions jsonb, head bigint, out status integer, out condition integer, out evidence bigint
) language plpgsql as $$
#variable_conflict use_variable
declare
  _row record;
  _expected bigint;
  _deleted boolean;
begin
  for _row in select c.value, c.ordinality::integer from jsonb_array_elements(conditions) with ordinality c loop
    condition := _row.ordinality;
    if _row.value ? 'streamId' then
      _expected := _row.value ->> 'expected';
      evidence := null;
      _deleted := null;
      select coalesce(e.revision, s.revision), s.deleted into evidence, _deleted
      from __SCHEMA__.streams s
      left join lateral (
        select e.revision from __SCHEMA__.events e where e.stream_no = s.stream_no order by e.revision desc limit 1
      ) e on true
      where s.tenant = tenant and s.stream_id = _row.value ->> 'streamId';
      continue when _expected = -1 or _expected = coalesce(evidence, -4)
        or (_expected = -2 and (evidence is null or _deleted)) or (_expected = -3 and not (evidence is null or _deleted));
      status := 4;
      evidence := case when not _deleted then evidence end;
      return;
    end if;
    evidence := __SCHEMA__.first_match(tenant,
      case when _row.value ? 'types' then array(select jsonb_array_elements_text(_row.value -> 'types')) end,
      case when _row.value ? 'categories' then array(select jsonb_array_elements_text(_row.value -> 'categories')) end,
      (_row.value ->> 'after')::bigint, head);
    if evidence is not null then
      status := 5;
      return;
    end if;
  end loop;
end $$;

-- The short way: one event, of a type and schema in the catalogue, to one stream, without conditions. An append that
-- comes alone is bound by what each of its steps costs; the arrays of append_events alone cost 35 microseconds.
--   expected, status   as in append_events
--   last_revision      of the stream; after a conflict null when it is missing or deleted
create procedure __SCHEMA__.append_event(
  tenant text, stream_id text, stream_hash integer, expected bigint,
  event_id uuid, type_no integer, event_version smallint, schema_no integer, correlation_id uuid, causation_id uuid,
  data bytea, meta bytea,
  principal text, key text, request_hash bytea, body bytea, ttl bigint,
  out status integer, out last_position bigint, out last_revision bigint,
  out record_request_hash bytea, out record_body bytea, out record_revision bigint, out record_position bigint
) language plpgsql as $$
#variable_conflict use_variable
declare
  -- An expression is evaluated without the executor that a statement starts: 5 microseconds less each.
  _void text;
  _clock timestamptz;
  _recorded_at timestamptz;
  _position bigint;
  _stream_no bigint;
  _deleted boolean;
  _floor bigint;
  _missing boolean;
begin
  commit;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_event runs at READ COMMITTED, not at [%]: reset default_transaction_isolation of this role',
      current_setting('transaction_isolation');
  end if;
  if current_setting('plan_cache_mode') <> 'force_generic_plan' then
    perform __SCHEMA__.set_append_planner();
  end if;

  _void := pg_advisory_xact_lock(1953064037, '__SCHEMA__.events'::regclass::oid::integer);
  _clock := clock_timestamp();
  if key is not null then
    select r.request_hash, r.body, r.revision, r.position
    into record_request_hash, record_body, record_revision, record_position
    from __SCHEMA__.idempotency_records r
    where r.tenant = tenant and r.principal = principal and r.key = key and r.expires_at > _clock;
    if record_request_hash is not null then
      status := 3;
      -- Before the answer is sent: a client that does not read a large one must not make others wait for the lock.
      commit;
      return;
    end if;
  end if;
  -- One look-up a statement: joined in one they took 14 microseconds more.
  select e.position, e.recorded_at into _position, _recorded_at
  from __SCHEMA__.events e order by e.position desc limit 1;
  select s.stream_no, s.deleted, s.revision into _stream_no, _deleted, _floor
  from __SCHEMA__.streams s where s.tenant = tenant and s.stream_id = stream_id;
  if _stream_no is not null then
    select e.revision into last_revision
    from __SCHEMA__.events e where e.stream_no = _stream_no order by e.revision desc limit 1;
    last_revision := coalesce(last_revision, _floor);
  end if;
  _missing := last_revision is null or _deleted;
  if not (expected = -1 or expected = coalesce(last_revision, -4)
    or (expected = -2 and _missing) or (expected = -3 and not _missing))
  then
    status := 1;
    last_revision := case when not _missing then last_revision end;
    return;
  end if;
  if exists (select from __SCHEMA__.events e where e.stream_no = _stream_no and e.event_id = event_id) then
    status := 2;
    return;
  end if;

  _position := coalesce(_position, 0);
  last_position := _position + 1;
  last_revision := coalesce(last_revision, -1) + 1;
  if _stream_no is null then
    insert into __SCHEMA__.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
    values ((select coalesce(max(s.stream_no), 0) + 1 from __SCHEMA__.streams s), last_revision, stream_hash, tenant, stream_id,
      split_part(stream_id, '-', 1))
    returning streams.stream_no into _stream_no;
  elsif _deleted then
    update __SCHEMA__.streams s set deleted = false where s.stream_no = _stream_no;
  end if;
  insert into __SCHEMA__.events (position, event_id, stream_no, revision, type_no, event_version, schema_no, encoding,
    data, correlation_id, causation_id, recorded_at, meta)
  values (last_position, event_id, _stream_no, last_revision, type_no, event_version, schema_no, 0, data,
    correlation_id, causation_id, greatest(_clock, _recorded_at), meta);
  _void := pg_notify('tidemark_events_' || '__SCHEMA__.events'::regclass::oid, last_position::text);
  if key is not null then
    -- Only an expired record can stand in the way.
    insert into __SCHEMA__.idempotency_records (expires_at, revision, position, tenant, principal, key, request_hash, body)
    values (_clock + ttl * interval '1 millisecond', last_revision, last_position, tenant, principal, key, request_hash,
      body)
    on conflict on constraint idempotency_records_pkey do update set expires_at = excluded.expires_at,
      revision = excluded.revision, position = excluded.position, request_hash = excluded.request_hash,
      body = excluded.body;
  end if;
  status := 0;
end $$;

-- Appends a set of independent calls; each gets its own outcome, none fails its neighbours.
--
-- A call owns consecutive elements of the stream arrays (stream_calls says which call), a stream owns stream_counts
-- consecutive elements of the event arrays behind the first stream_starts. Within one set a stream and an idempotency
-- key may occur once; the procedure raises otherwise.
--   stream_expected  a revision, or -1 any, -2 no stream, -3 stream exists
--   call_keys        null when no call of the set has one
--   event_type_nos, event_schema_nos   the catalogue's number, or -n for the n-th of new_types, new_schema_hashes
--   payload          data and meta of the events one after the other; data_starts count from 1
--   conditions       of the first call, as broken_condition takes them; null when it has none
--   waited           another writer had the lock
--   head             the position before the set
--   statuses         0 appended, 1 conflict, 2 duplicate event, 3 already recorded, 4 and 5 as in broken_condition;
--                    null when each call was appended with at least one event a stream: then the events stand behind
--                    the head in their order, revisions are those before them, and the other arrays are null, too
--   conflicts        the stream of a conflict, the condition of a 4 or 5
create procedure __SCHEMA__.append_events(
  call_tenants text[], call_principals text[], call_keys text[], call_request_hashes bytea[], call_bodies bytea[],
  call_ttls bigint[],
  stream_calls integer[], stream_ids text[], stream_hashes integer[], stream_expected bigint[], stream_counts integer[],
  stream_starts integer[],
  event_streams integer[], event_ids uuid[], event_type_nos integer[], event_versions smallint[],
  event_schema_nos integer[], event_correlations uuid[], event_causations uuid[],
  data_starts integer[], data_lengths integer[], meta_lengths integer[], payload bytea,
  new_types text[], new_schema_hashes bytea[], new_schema_texts text[], new_schema_subjects text[],
  new_schema_versions integer[], conditions jsonb,
  out waited boolean, out head bigint, out revisions bigint[],
  out statuses integer[], out positions bigint[], out conflicts integer[], out duplicates uuid[],
  out record_request_hashes bytea[], out record_bodies bytea[], out record_revisions bigint[],
  out record_positions bigint[], out condition_evidence bigint
) language plpgsql as $$
declare
  _calls constant integer := cardinality(call_tenants);
  _streams constant integer := cardinality(stream_calls);
  _void text;
  _asked timestamptz;
  _clock timestamptz;
  _recorded_at timestamptz;
  _position bigint;
  _stream_nos bigint[];
  _last_stream_no bigint;
  _position_shifts bigint[];
  _befores bigint[];
  _call_revisions bigint[];
  _deleted boolean[];
  _revived bigint[];
  _is_new boolean;
  _is_plain boolean;
  _known integer;
  _expired boolean := false;
  _call integer;
  _expected bigint;
  _actual bigint;
  _missing boolean;
  _row record;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_events runs at READ COMMITTED, not at [%]: reset default_transaction_isolation of this role',
      current_setting('transaction_isolation');
  end if;
  -- The statements below are index lookups at any table size; a plan cached while a table was small must not scan it
  -- later. A connection of our own brings these settings along, one behind a pooler does not.
  if current_setting('plan_cache_mode') <> 'force_generic_plan' then
    perform __SCHEMA__.set_append_planner();
  end if;

  -- Each statement after this line sees all that was committed under the lock before.
  _asked := clock_timestamp();
  _void := pg_advisory_xact_lock(1953064037, '__SCHEMA__.events'::regclass::oid::integer);
  _clock := clock_timestamp();
  waited := _clock - _asked > interval '50 microseconds';
  select e.position, e.recorded_at into _position, _recorded_at
  from __SCHEMA__.events e order by e.position desc limit 1;
  _position := coalesce(_position, 0);
  head := _position;
  _recorded_at := greatest(_clock, _recorded_at);

  select array_agg(l.stream_no order by l.ordinality), array_agg(l.revision order by l.ordinality),
    count(distinct l.stream_no),
    bool_and(l.count > 0 and l.deleted is not true
      and (l.expected = -1 or l.expected = coalesce(l.revision, -2) or (l.expected = -3 and l.revision is not null)))
  into _stream_nos, revisions, _known, _is_plain
  from (
    select i.ordinality, i.expected, i.count, s.stream_no, s.deleted, coalesce(e.revision, s.revision) as revision
    from unnest(stream_calls, stream_ids, stream_expected, stream_counts) with ordinality
      i(call, stream_id, expected, count)
    left join __SCHEMA__.streams s on s.tenant = call_tenants[i.call] and s.stream_id = i.stream_id
    left join lateral (
      select e.revision from __SCHEMA__.events e where e.stream_no = s.stream_no order by e.revision desc limit 1
    ) e on true
  ) l;
  if _known <> cardinality(array_remove(_stream_nos, null)) then
    raise exception 'a stream occurs twice in one set';
  end if;
  _is_plain := coalesce(_is_plain, false) and conditions is null and not exists (
    select from generate_series(1, cardinality(event_streams)) n
    join __SCHEMA__.events e on e.stream_no = _stream_nos[event_streams[n]] and e.event_id = event_ids[n]);

  if call_keys is not null then
    for _row in
      select c.ordinality::integer as call, r.request_hash, r.body, r.revision, r.position, r.expires_at > _clock as holds
      from unnest(call_tenants, call_principals, call_keys) with ordinality c(tenant, principal, key)
      join __SCHEMA__.idempotency_records r using (tenant, principal, key)
    loop
      if not _row.holds then
        _expired := true;
        continue;
      end if;
      if statuses is null then
        statuses := array_fill(0, array[_calls]);
        record_request_hashes := array_fill(null::bytea, array[_calls]);
        record_bodies := record_request_hashes;
        record_revisions := array_fill(null::bigint, array[_calls]);
        record_positions := record_revisions;
      end if;
      statuses[_row.call] := 3;
      record_request_hashes[_row.call] := _row.request_hash;
      record_bodies[_row.call] := _row.body;
      record_revisions[_row.call] := _row.revision;
      record_positions[_row.call] := _row.position;
      _is_plain := false;
    end loop;
  end if;

  if _is_plain then
    _position_shifts := array_fill(_position, array[_streams]);
    _befores := revisions;
    _is_new := array_position(_stream_nos, null) is not null;
    if call_keys is not null then
      positions := array_fill(null::bigint, array[_calls]);
      _call_revisions := positions;
      for _s in 1 .. _streams loop
        _call := stream_calls[_s];
        positions[_call] := _position + stream_starts[_s] + stream_counts[_s];
        if _call_revisions[_call] is null then
          _call_revisions[_call] := coalesce(revisions[_s], -1) + stream_counts[_s];
        end if;
      end loop;
    end if;
    _position := _position + cardinality(event_streams);
  else
    statuses := coalesce(statuses, array_fill(0, array[_calls]));
    positions := array_fill(null::bigint, array[_calls]);
    _call_revisions := positions;
    conflicts := array_fill(null::integer, array[_calls]);
    duplicates := array_fill(null::uuid, array[_calls]);
    _position_shifts := array_fill(null::bigint, array[_streams]);
    _befores := _position_shifts;
    _is_new := false;
    _deleted := array(
      select s.deleted from unnest(_stream_nos) with ordinality i(stream_no)
      left join __SCHEMA__.streams s on s.stream_no = i.stream_no order by i.ordinality);

    for _s in 1 .. _streams loop
      _call := stream_calls[_s];
      _expected := stream_expected[_s];
      _actual := revisions[_s];
      _missing := _actual is null or _deleted[_s];
      if statuses[_call] = 0 and not (_expected = -1 or _expected = coalesce(_actual, -4)
        or (_expected = -2 and _missing) or (_expected = -3 and not _missing))
      then
        statuses[_call] := 1;
        conflicts[_call] := _s;
      end if;
      if _deleted[_s] and (statuses[_call] <> 0 or stream_counts[_s] = 0) then
        revisions[_s] := null;
      end if;
    end loop;

    if conditions is not null and statuses[1] = 0 then
      select b.status, b.condition, b.evidence into _row
      from __SCHEMA__.broken_condition(call_tenants[1], conditions, _position) b;
      if _row.status is not null then
        statuses[1] := _row.status;
        conflicts[1] := _row.condition;
        condition_evidence := _row.evidence;
      end if;
    end if;

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
          _is_new := true;
          revisions[_s] := -1;
        elsif _deleted[_s] then
          _revived := _revived || _stream_nos[_s];
        end if;
        -- An event's shift and its place in the set are its position.
        _position_shifts[_s] := _position - stream_starts[_s];
        _befores[_s] := revisions[_s];
        _position := _position + stream_counts[_s];
        revisions[_s] := revisions[_s] + stream_counts[_s];
        positions[_call] := _position;
        _call_revisions[_call] := coalesce(_call_revisions[_call], revisions[_s]);
      end if;
    end loop;
  end if;

  if _is_new then
    select coalesce(max(s.stream_no), 0) into _last_stream_no from __SCHEMA__.streams s;
    -- The streams that appear are numbered in their order.
    _stream_nos := array(
      select case when _stream_nos[n] is null and _position_shifts[n] is not null
        then _last_stream_no + count(*) filter (where _stream_nos[n] is null and _position_shifts[n] is not null)
          over (order by n)
        else _stream_nos[n] end
      from generate_series(1, _streams) n order by n);
    insert into __SCHEMA__.streams (stream_no, revision, stream_hash, tenant, stream_id, category)
    select _stream_nos[i.stream], stream_counts[i.stream] - 1, i.hash, call_tenants[i.call], i.stream_id,
      split_part(i.stream_id, '-', 1)
    from unnest(stream_calls, stream_ids, stream_hashes) with ordinality i(call, stream_id, hash, stream)
    where _stream_nos[i.stream] > _last_stream_no;
  end if;

  if _revived is not null then
    -- The deletion has set truncate_before: what was before it stays out of sight.
    update __SCHEMA__.streams s set deleted = false where s.stream_no = any (_revived);
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

  if _position > head then
    insert into __SCHEMA__.events (position, event_id, stream_no, revision, type_no, event_version, schema_no, encoding,
      data, correlation_id, causation_id, recorded_at, meta)
    -- Subscripts: a row of unnest over ten arrays costs half a microsecond more.
    select _position_shifts[event_streams[n]] + n, event_ids[n], _stream_nos[event_streams[n]],
      coalesce(_befores[event_streams[n]], -1) - stream_starts[event_streams[n]] + n, event_type_nos[n], event_versions[n], event_schema_nos[n], 0,
      substring(payload from data_starts[n] for data_lengths[n]), event_correlations[n], event_causations[n],
      _recorded_at, substring(payload from data_starts[n] + data_lengths[n] for meta_lengths[n])
    from generate_series(1, cardinality(event_streams)) n
    where _position_shifts[event_streams[n]] is not null;
    _void := pg_notify('tidemark_events_' || '__SCHEMA__.events'::regclass::oid, _position::text);
  end if;

  if call_keys is not null then
    if _expired then
      delete from __SCHEMA__.idempotency_records r
      using unnest(call_tenants, call_principals, call_keys) c(tenant, principal, key)
      where r.tenant = c.tenant and r.principal = c.principal and r.key = c.key and r.expires_at <= _clock;
    end if;
    insert into __SCHEMA__.idempotency_records (expires_at, revision, position, tenant, principal, key, request_hash, body)
    select _clock + c.ttl * interval '1 millisecond', _call_revisions[c.ordinality], positions[c.ordinality], c.tenant,
      c.principal, c.key, c.request_hash, c.body
    from unnest(call_tenants, call_principals, call_keys, call_request_hashes, call_bodies, call_ttls) with ordinality
      c(tenant, principal, key, request_hash, body, ttl)
    where c.key is not null and (_is_plain or statuses[c.ordinality] = 0);
  end if;
  if _is_plain then
    positions := null;
  end if;
  -- Raises in an open transaction, which a client could hold, and the lock with it: nothing is written then, and the
  -- lock is free again. And it comes before the answer is sent: a client that does not read a large one must not make
  -- others wait.
  commit;
end $$;

-- What a node of the version before calls while a deployment is rolled out.
create or replace procedure __SCHEMA__.append_events(
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
  _stream_starts constant integer[] := array(
    select sum(c.count) over (order by c.ordinality) - c.count
    from unnest(stream_counts) with ordinality c(count) order by c.ordinality);
  _waited boolean;
  _head bigint;
  _condition_evidence bigint;
begin
  call __SCHEMA__.append_events(
    call_tenants, call_principals, call_keys, call_request_hashes, call_bodies, call_ttls, stream_calls, stream_ids,
    stream_hashes, stream_expected, stream_counts, _stream_starts, event_streams, event_ids, event_type_nos, event_versions,
    event_schema_nos, event_correlations, event_causations, data_starts, data_lengths, meta_lengths, payload,
    new_types, new_schema_hashes, new_schema_texts, new_schema_subjects, new_schema_versions, null::jsonb, _waited, _head,
    revisions, statuses, positions, conflicts, duplicates, record_request_hashes, record_bodies, record_revisions,
    record_positions, _condition_evidence);
  if statuses is null then
    statuses := array_fill(0, array[cardinality(call_tenants)]);
    positions := array_fill(null::bigint, array[cardinality(call_tenants)]);
    conflicts := array_fill(null::integer, array[cardinality(call_tenants)]);
    duplicates := array_fill(null::uuid, array[cardinality(call_tenants)]);
    for _s in 1 .. cardinality(stream_calls) loop
      positions[stream_calls[_s]] := _head + _stream_starts[_s] + stream_counts[_s];
      revisions[_s] := coalesce(revisions[_s], -1) + stream_counts[_s];
    end loop;
  end if;
end $$;

-- A line that was left too far ahead, by a clock that went back or by a slower limit, is put right when it is found:
-- else it would stay ahead for as long as the clock needs to come there.
create or replace function __SCHEMA__.reserve_requests(
  limit_name text, requests integer, interval_ms double precision, catch_up_ms double precision,
  patience_ms double precision, ahead_ms double precision, out granted boolean, out wait_ms double precision
) language plpgsql as $$
declare
  _found timestamptz;
  _next timestamptz;
  _now timestamptz;
  _millisecond constant interval := interval '1 millisecond';
begin
  insert into __SCHEMA__.rate_limits (name, next_at) values (limit_name, clock_timestamp())
    on conflict (name) do nothing;
  select l.next_at into _found from __SCHEMA__.rate_limits l where l.name = limit_name for update;
  _now := clock_timestamp();
  _next := least(greatest(_found, _now - catch_up_ms * _millisecond), _now + ahead_ms * _millisecond);
  wait_ms := extract(epoch from _next - _now) * 1000;
  granted := wait_ms <= patience_ms;
  if granted then
    _next := _next + requests * interval_ms * _millisecond;
  end if;
  if granted or _next < _found then
    update __SCHEMA__.rate_limits l set next_at = _next where l.name = limit_name;
  end if;
end $$;

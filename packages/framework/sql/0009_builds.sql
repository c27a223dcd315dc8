-- What operators may ask of a build: to serve although events are parked, and to leave room for others.
alter table __SCHEMA__.projection_builds
  add column activate_with_parked boolean not null default false,
  -- Events of history a second at most.
  add column rate_limit real check (rate_limit > 0),
  drop constraint projection_builds_status_check,
  -- `scratch`: made to be compared with a build that serves, and dropped afterwards. A build that is `building` and has
  -- been finished before is on its way back into service.
  add constraint projection_builds_status_check
    check (status in ('building', 'active', 'retired', 'cancelled', 'dropped', 'scratch'));

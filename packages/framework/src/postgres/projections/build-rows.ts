import type { Build, BuildState, BuildStatus } from "../../projection/build.ts";
import type { Fingerprint } from "../../projection/fingerprint.ts";
import type { LeaseHolder } from "../../subscription/lease-store.ts";
import type { Statement } from "./row-statements.ts";

export interface BuildRow {
  readonly id: bigint;
  readonly projection: string;
  readonly version: number;
  readonly number: number;
  readonly schema_name: string;
  readonly subscription: string;
  readonly status: BuildStatus;
  readonly serving: boolean;
  readonly fingerprint: Fingerprint;
  readonly target: bigint;
  readonly read_events: bigint;
  readonly read_position: bigint;
  readonly events_per_second: number;
  readonly eta_seconds: number | null;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly activate_with_parked: boolean;
  readonly rate_limit: number | null;
}

export interface BuildStateRow extends BuildRow {
  readonly events: bigint;
  readonly store_id: string | null;
  readonly positions: readonly { readonly partition: number; readonly position: string }[];
  readonly holders: readonly LeaseHolder[];
  readonly parked: { readonly sequences: number; readonly events: number; readonly oldestAt: string | null };
}

export const buildColumns = `b.id, b.projection, b.version, b.number, b.schema_name, b.subscription, b.status,
  b.fingerprint, b.target, b.read_events, b.read_position, b.events_per_second, b.eta_seconds, b.started_at, b.finished_at,
  b.activate_with_parked, b.rate_limit`;

/**
 * Builds that have tables, newest first, with all that is known about them: one query shows everything. What is parked
 * of a build that another one has replaced is kept for a rollback and concerns nobody until then.
 */
export function buildsStatement(schema: string, projections: readonly string[] | undefined): Statement {
  return {
    text: `select ${buildColumns},
        exists (select from ${schema}.projection_pointers p where p.build_id = b.id) as serving,
        c.events, c.store_id, c.positions, l.holders, d.parked
      from ${schema}.projection_builds b
      cross join lateral (
        select coalesce(max(c.events), 0)::bigint as events, min(c.store_id::text) as store_id, coalesce(json_agg(json_build_object(
          'partition', c.partition, 'position', c.position::text) order by c.partition), '[]') as positions
        from ${schema}.checkpoints c where c.subscription = b.subscription
      ) c
      cross join lateral (
        select coalesce(json_agg(json_build_object(
          'partition', l.partition, 'label', l.label, 'state', l.state, 'error', l.error) order by l.partition
        ), '[]') as holders
        from ${schema}.leases l where l.subscription = b.subscription and l.expires_at > clock_timestamp()
      ) l
      cross join lateral (
        select json_build_object('sequences', count(*), 'oldestAt', min(s.parked_at),
          'events', coalesce(sum(s.events), 0)) as parked
        from ${schema}.parked_sequences s where s.subscription = b.subscription
          and (b.status <> 'retired' or exists (select from ${schema}.projection_pointers p where p.build_id = b.id))
      ) d
      where b.status in ('building', 'active', 'retired') and ($1::text[] is null or b.projection = any ($1))
      order by b.projection, b.version desc, b.number desc`,
    values: [projections ?? null],
  };
}

export function toBuild(row: BuildRow): Build {
  return {
    id: row.id,
    projection: row.projection,
    version: row.version,
    number: row.number,
    schema: row.schema_name,
    status: row.status,
    serving: row.serving,
    fingerprint: row.fingerprint,
    subscription: row.subscription,
    target: row.target,
    activateWithParked: row.activate_with_parked,
    rateLimit: row.rate_limit,
    returning: row.status === "building" && row.finished_at !== null,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

export function toBuildState(row: BuildStateRow): BuildState {
  return {
    build: toBuild(row),
    positions: row.positions.map(({ partition, position }) => ({ partition, position: BigInt(position) })),
    events: row.events,
    storeId: row.store_id,
    progress: {
      events: row.read_events > row.events ? row.read_events : row.events,
      position: row.read_position,
      eventsPerSecond: row.events_per_second,
      etaSeconds: row.eta_seconds,
    },
    holders: row.holders,
    parked: {
      ...row.parked,
      oldestAt: row.parked.oldestAt === null ? null : new Date(row.parked.oldestAt),
    },
  };
}

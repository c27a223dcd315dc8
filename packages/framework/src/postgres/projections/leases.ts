import type { AcquiredLease, Lease, LeaseReport } from "../../subscription/lease-store.ts";
import type { Statement } from "./row-statements.ts";

/**
 * Takes a lease that is free, expired or the owner's own. Its new token goes into the checkpoint in the same
 * statement: from then on no commit of an earlier owner finds its row, and one that is under way ends first.
 *
 * A merge may pause the partition while the statement waits for it: only the update then sees that, and takes nothing.
 */
export function acquireStatement(
  schema: string,
  request: {
    readonly subscription: string;
    readonly partition: number;
    readonly owner: string;
    readonly label: string;
    readonly leaseMs: number;
  },
): Statement {
  const { subscription, partition, owner, label, leaseMs } = request;
  return {
    text: `with taken as (
        insert into ${schema}.leases as l (subscription, partition, fencing_token, owner, label, state, expires_at)
        select c.subscription, c.partition, c.fencing_token + 1, $3, $4, 'running',
          clock_timestamp() + $5 * interval '1 millisecond'
        from ${schema}.checkpoints c where c.subscription = $1 and c.partition = $2 and not c.paused
        on conflict (subscription, partition) do update set fencing_token = greatest(l.fencing_token + 1, excluded.fencing_token),
          owner = excluded.owner, label = excluded.label, state = excluded.state, error = null,
          expires_at = excluded.expires_at
        where l.expires_at <= clock_timestamp() or l.owner = excluded.owner
        returning l.fencing_token
      )
      update ${schema}.checkpoints c set fencing_token = taken.fencing_token from taken
      where c.subscription = $1 and c.partition = $2 and not c.paused
      returning c.fencing_token, c.position, c.events, c.store_id, c.event_id, c.first_hash, c.last_hash, c.stop_at,
        c.replay_until`,
    values: [subscription, partition, owner, label, leaseMs],
  };
}

export interface AcquiredRow {
  readonly fencing_token: bigint;
  readonly position: bigint;
  readonly events: bigint;
  readonly store_id: string | null;
  readonly event_id: string | null;
  readonly first_hash: number;
  readonly last_hash: number;
  readonly stop_at: bigint | null;
  readonly replay_until: bigint;
}

export function toAcquiredLease(
  row: AcquiredRow,
  request: { readonly subscription: string; readonly partition: number; readonly owner: string },
): AcquiredLease {
  const { subscription, partition, owner } = request;
  return {
    lease: { subscription, partition, owner, fencingToken: row.fencing_token },
    checkpoint:
      row.store_id === null ? null : { storeId: row.store_id, position: row.position, eventId: row.event_id },
    events: row.events,
    partition: { number: partition, from: row.first_hash, to: row.last_hash },
    stopAt: row.stop_at,
    replayUntil: row.replay_until,
  };
}

export function renewStatement(schema: string, reports: readonly LeaseReport[], leaseMs: number): Statement {
  return {
    text: `update ${schema}.leases l
      set expires_at = clock_timestamp() + $1 * interval '1 millisecond', state = r.state, error = r.error
      from unnest($2::text[], $3::smallint[], $4::bigint[], $5::text[], $6::text[])
        r(subscription, partition, fencing_token, state, error)
      where l.subscription = r.subscription and l.partition = r.partition and l.fencing_token = r.fencing_token
      returning l.subscription, l.partition, l.owner, l.fencing_token as "fencingToken"`,
    values: [
      leaseMs,
      reports.map(({ lease }) => lease.subscription),
      reports.map(({ lease }) => lease.partition),
      reports.map(({ lease }) => lease.fencingToken),
      reports.map(({ state }) => state),
      reports.map(({ error }) => error),
    ],
  };
}

export function releaseStatement(
  schema: string,
  { subscription, partition, fencingToken }: Lease,
): Statement {
  return {
    text: `delete from ${schema}.leases where subscription = $1 and partition = $2 and fencing_token = $3`,
    values: [subscription, partition, fencingToken],
  };
}

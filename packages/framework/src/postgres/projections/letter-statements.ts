import type { Commit } from "../../projection/projection-store.ts";
import type { DeadLetter, ReleasedLetters } from "../../subscription/dead-letter-store.ts";
import type { Lease } from "../../subscription/lease-store.ts";
import type { Statement } from "./row-statements.ts";

/** What a commit does to dead letters, to be run in its transaction: nothing on the happy path. */
export function letterStatements(schema: string, { lease, letters }: Commit): readonly Statement[] {
  if (letters === undefined) return [];
  const statements: Statement[] = [];
  if (letters.released !== null) statements.push(...releaseStatements(schema, lease, letters.released));
  if (letters.parked.length > 0) statements.push(...parkStatements(schema, lease, letters.parked));
  return statements;
}

function parkStatements(schema: string, lease: Lease, letters: readonly DeadLetter[]): Statement[] {
  const failed = letters.flatMap(({ sequence, failure }) =>
    failure === null ? [] : [{ sequence, ...failure }],
  );
  const { subscription, partition } = lease;
  return [
    ...(failed.length === 0
      ? []
      : [
          {
            text: `insert into ${schema}.parked_sequences (subscription, partition, sequence, attempts, error)
              select $1, $2::smallint, f.* from unnest($3::text[], $4::integer[], $5::text[]) f(sequence, attempts, error)
              on conflict (subscription, partition, sequence) do nothing`,
            values: [
              subscription,
              partition,
              failed.map(({ sequence }) => sequence),
              failed.map(({ attempts }) => attempts),
              failed.map(({ error }) => storable(error)),
            ],
          },
        ]),
    {
      text: `with parked as (
          insert into ${schema}.dead_letters (subscription, partition, sequence, position, event_id)
          select $1, $2::smallint, l.* from unnest($3::text[], $4::bigint[], $5::uuid[]) l(sequence, position, event_id)
          on conflict (subscription, partition, sequence, position) do nothing
          returning sequence
        )
        update ${schema}.parked_sequences s set events = s.events + c.events
        from (select sequence, count(*) as events from parked group by sequence) c
        where s.subscription = $1 and s.partition = $2::smallint and s.sequence = c.sequence`,
      values: [
        subscription,
        partition,
        letters.map(({ sequence }) => sequence),
        letters.map(({ position }) => position),
        letters.map(({ eventId }) => eventId),
      ],
    },
  ];
}

/** Takes letters out of their sequence; the last ones take the sequence with them. */
export function releaseStatements(
  schema: string,
  { subscription, partition }: Pick<Lease, "subscription" | "partition">,
  { sequence, positions, done }: ReleasedLetters,
): Statement[] {
  const which = [subscription, partition, sequence];
  if (done) {
    return [
      {
        text: `delete from ${schema}.parked_sequences
          where subscription = $1 and partition = $2::smallint and sequence = $3`,
        values: which,
      },
    ];
  }
  return [
    {
      text: `with released as (
          delete from ${schema}.dead_letters
          where subscription = $1 and partition = $2::smallint and sequence = $3 and position = any ($4::bigint[])
          returning 1
        )
        update ${schema}.parked_sequences set events = events - (select count(*) from released)
        where subscription = $1 and partition = $2::smallint and sequence = $3`,
      values: [...which, [...positions]],
    },
  ];
}

/**
 * Copies dead letters to where discarded ones are kept.
 *
 * @param which dead letters: a condition on `d`, their parked sequences are `s`
 * @param by who discards them and why, as two expressions
 */
export function keepDiscarded(schema: string, which: string, by = "s.requested_by, s.reason"): string {
  return `insert into ${schema}.discarded_letters
      (subscription, sequence, position, event_id, error, discarded_by, reason)
    select d.subscription, d.sequence, d.position, d.event_id, s.error, ${by}
    from ${schema}.dead_letters d
    join ${schema}.parked_sequences s using (subscription, partition, sequence)
    where ${which}`;
}

/** PostgreSQL keeps no NUL; an error's text may be of any length. */
export function storable(error: string): string {
  return error.replaceAll("\u0000", "\\0").slice(0, 4_000);
}

import type {
  DeadLetter,
  DeadLetterStore,
  DiscardedLetter,
  ParkedSequence,
  ParkedSequenceSummary,
  ReleasedLetters,
  SequenceIdentity,
  SequenceRequest,
} from "../../subscription/dead-letter-store.ts";
import type { Lease } from "../../subscription/lease-store.ts";
import type { Sequence } from "../../subscription/sequence.ts";
import { keepDiscarded, releaseStatements, storable } from "./letter-statements.ts";
import type { ProjectionConnections } from "./projection-connections.ts";
import type { Statement } from "./row-statements.ts";

interface ParkedRow {
  readonly subscription: string;
  readonly partition: number;
  readonly sequence: string;
  readonly attempts: number;
  readonly error: string;
  readonly request: "retry" | "discard" | null;
  readonly requested_by: string | null;
  readonly reason: string | null;
  readonly parked_at: Date;
  readonly failed_at: Date;
}

interface SummaryRow extends ParkedRow {
  readonly events: bigint;
  readonly first_position: bigint;
  readonly last_position: bigint;
}

const columns =
  "s.subscription, s.partition, s.sequence, s.attempts, s.error, s.request, s.requested_by, s.reason, s.parked_at, s.failed_at";

/** Dead letters in PostgreSQL, beside the checkpoints. */
export class PostgresDeadLetters implements DeadLetterStore {
  readonly #connections: ProjectionConnections;
  readonly #schema: string;
  readonly #notify: (payload: string) => Promise<void>;

  /** @param options `schema` is quoted; `notify` tells the other processes. */
  constructor(options: {
    readonly connections: ProjectionConnections;
    readonly schema: string;
    readonly notify: (payload: string) => Promise<void>;
  }) {
    this.#connections = options.connections;
    this.#schema = options.schema;
    this.#notify = options.notify;
  }

  async parked(subscription: string, partition: number): Promise<readonly ParkedSequence[]> {
    const rows = await this.#read<ParkedRow>({
      text: `select ${columns} from ${this.#schema}.parked_sequences s
        where s.subscription = $1 and s.partition = $2::smallint order by s.parked_at, s.sequence`,
      values: [subscription, partition],
    });
    return rows.map(toParked);
  }

  letters(
    { subscription, partition, sequence }: SequenceIdentity,
    { after = 0n, limit }: { readonly after?: bigint; readonly limit: number },
  ): Promise<readonly Pick<DeadLetter, "position" | "eventId">[]> {
    return this.#read<Pick<DeadLetter, "position" | "eventId">>({
      text: `select position, event_id as "eventId" from ${this.#schema}.dead_letters
        where subscription = $1 and partition = $2::smallint and sequence = $3 and position > $4
        order by position limit $5`,
      values: [subscription, partition, sequence, after, limit],
    });
  }

  async retryFailed(lease: Lease, sequence: Sequence, error: string): Promise<void> {
    await this.#fenced(lease, [
      {
        text: `update ${this.#schema}.parked_sequences
          set request = null, requested_by = null, reason = null, attempts = attempts + 1, error = $4,
            failed_at = clock_timestamp()
          where subscription = $1 and partition = $2::smallint and sequence = $3`,
        values: [lease.subscription, lease.partition, sequence, storable(error)],
      },
    ]);
  }

  async discard(lease: Lease, released: ReleasedLetters): Promise<void> {
    const { subscription, partition } = lease;
    const { sequence, positions } = released;
    await this.#fenced(lease, [
      {
        text: keepDiscarded(
          this.#schema,
          "d.subscription = $1 and d.partition = $2::smallint and d.sequence = $3 and d.position = any ($4::bigint[])",
        ),
        values: [subscription, partition, sequence, [...positions]],
      },
      ...releaseStatements(this.#schema, lease, released),
    ]);
  }

  async summaries(
    subscriptions: readonly string[],
    { limit = 100, sequence }: { readonly limit?: number; readonly sequence?: Sequence } = {},
  ): Promise<readonly ParkedSequenceSummary[]> {
    const rows = await this.#read<SummaryRow>({
      text: `select ${columns}, s.events, d.first_position, d.last_position
        from ${this.#schema}.parked_sequences s
        cross join lateral (
          select min(d.position) as first_position, max(d.position) as last_position
          from ${this.#schema}.dead_letters d
          where d.subscription = s.subscription and d.partition = s.partition and d.sequence = s.sequence
        ) d
        where s.subscription = any ($1) and ($2::text is null or s.sequence = $2)
        order by s.parked_at, s.sequence limit $3`,
      values: [[...subscriptions], sequence ?? null, limit],
    });
    return rows.map((row) => ({
      ...toParked(row),
      events: row.events,
      firstPosition: row.first_position,
      lastPosition: row.last_position,
    }));
  }

  discarded(
    subscriptions: readonly string[],
    { limit }: { readonly limit: number },
  ): Promise<readonly DiscardedLetter[]> {
    return this.#read<DiscardedLetter>({
      text: `select subscription, sequence, position, event_id as "eventId", error, discarded_by as "discardedBy", reason,
          discarded_at as "discardedAt"
        from ${this.#schema}.discarded_letters where subscription = any ($1)
        order by discarded_at desc, position desc limit $2`,
      values: [[...subscriptions], limit],
    });
  }

  async request(subscription: string, sequence: Sequence | null, request: SequenceRequest): Promise<number> {
    const rows = await this.#read({
      text: `update ${this.#schema}.parked_sequences set request = $3, requested_by = $4, reason = $5
        where subscription = $1 and ($2::text is null or sequence = $2) returning 1`,
      values: [
        subscription,
        sequence,
        request.kind,
        request.kind === "discard" ? request.requestedBy : null,
        request.kind === "discard" ? request.reason : null,
      ],
    });
    await this.#notify(`request ${subscription}`);
    return rows.length;
  }

  #read<Row extends object>(statement: Statement): Promise<Row[]> {
    return this.#connections.run<Row & Record<string, unknown>>(this.#connections.control, statement);
  }

  /** A transaction that ends with nothing done when the lease has been taken over. */
  async #fenced(lease: Lease, statements: readonly Statement[]): Promise<void> {
    await this.#connections.transaction(this.#connections.project, async (client) => {
      await this.#connections.run(client, {
        text: `select ${this.#schema}.check_commit((
            select count(*) from (
              select from ${this.#schema}.checkpoints
              where subscription = $1 and partition = $2::smallint and fencing_token = $3 for update
            ) held), 0, 0)`,
        values: [lease.subscription, lease.partition, lease.fencingToken],
      });
      for (const statement of statements) await this.#connections.run(client, statement);
    });
  }
}

function toParked(row: ParkedRow): ParkedSequence {
  return {
    subscription: row.subscription,
    partition: row.partition,
    sequence: row.sequence,
    attempts: row.attempts,
    error: row.error,
    request: requestOf(row),
    parkedAt: row.parked_at,
    failedAt: row.failed_at,
  };
}

function requestOf({ request, reason, requested_by: requestedBy }: ParkedRow): SequenceRequest | null {
  if (request === null) return null;
  return request === "retry"
    ? { kind: "retry" }
    : { kind: "discard", reason: reason ?? "", requestedBy: requestedBy ?? "" };
}

import type { Semaphore } from "../../subscription/limits/define-semaphore.ts";
import type { LimitStatus } from "../../telemetry/limit-status.ts";
import type {
  LimitStore,
  Reservation,
  ReservationRequest,
  Ticket,
} from "../../subscription/limits/limit-store.ts";
import type { ProjectionConnections } from "../projections/projection-connections.ts";

interface ReservationRow {
  readonly granted: boolean;
  readonly wait_ms: number;
}

interface TicketRow {
  readonly ticket: bigint;
  readonly granted: boolean;
}

interface SemaphoreRow {
  readonly name: string;
  readonly permits: number;
  readonly tickets: bigint;
}

interface RateLimitRow {
  readonly name: string;
  readonly wait_seconds: number;
}

/** Rate limits and semaphores of all processes in PostgreSQL. */
export class PostgresLimits implements LimitStore {
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

  async reserve(request: ReservationRequest): Promise<Reservation> {
    const { name, requests, intervalMs, catchUpMs, patienceMs, aheadMs } = request;
    const [row] = await this.#connections.run<ReservationRow & Record<string, unknown>>(
      this.#connections.control,
      {
        text: `select granted, wait_ms from ${this.#schema}.reserve_requests($1, $2, $3, $4, $5, $6)`,
        values: [name, requests, intervalMs, catchUpMs, patienceMs, aheadMs],
      },
      "tidemark_reserve_requests",
    );
    if (row === undefined) throw new Error("reserve_requests returned no row");
    return { granted: row.granted, waitMs: row.wait_ms };
  }

  async declare(semaphores: readonly Semaphore[]): Promise<void> {
    await this.#connections.run(this.#connections.control, {
      text: `insert into ${this.#schema}.semaphores as s (name, permits)
        select * from unnest($1::text[], $2::integer[]) d(name, permits) order by name
        on conflict (name) do update set permits = excluded.permits where s.permits <> excluded.permits`,
      values: [semaphores.map(({ name }) => name), semaphores.map(({ permits }) => permits)],
    });
  }

  async enter(semaphore: string, label: string, leaseMs: number): Promise<Ticket> {
    const [row] = await this.#connections.run<TicketRow & Record<string, unknown>>(
      this.#connections.control,
      {
        text: `select ticket, granted from ${this.#schema}.enter_semaphore($1, $2, $3)`,
        values: [semaphore, label, leaseMs],
      },
      "tidemark_enter_semaphore",
    );
    if (row === undefined) throw new Error("enter_semaphore returned no row");
    return row;
  }

  renew(tickets: readonly bigint[], leaseMs: number): Promise<readonly Ticket[]> {
    return this.#connections.run<TicketRow & Record<string, unknown>>(this.#connections.heartbeat, {
      text: `select ticket, granted from ${this.#schema}.renew_tickets($1::bigint[], $2)`,
      values: [[...tickets], leaseMs],
    });
  }

  async leave(tickets: readonly bigint[]): Promise<void> {
    const rows = await this.#connections.run<{ name: string }>(this.#connections.control, {
      text: `with gone as (delete from ${this.#schema}.semaphore_tickets where ticket = any ($1::bigint[]) returning name)
        select distinct g.name from gone g
        where exists (
          select from ${this.#schema}.semaphore_tickets t where t.name = g.name and t.ticket <> all ($1::bigint[])
        )`,
      values: [[...tickets]],
    });
    for (const { name } of rows) await this.#notify(`permits ${name}`);
  }

  async status(): Promise<LimitStatus> {
    const { control } = this.#connections;
    const [semaphores, rateLimits] = await Promise.all([
      this.#connections.run<SemaphoreRow & Record<string, unknown>>(control, {
        text: `select s.name, s.permits, count(t.ticket) as tickets
          from ${this.#schema}.semaphores s
          left join ${this.#schema}.semaphore_tickets t on t.name = s.name and t.expires_at > clock_timestamp()
          group by s.name order by s.name`,
        values: [],
      }),
      this.#connections.run<RateLimitRow & Record<string, unknown>>(control, {
        text: `select name, greatest(0, extract(epoch from next_at - clock_timestamp()))::float8 as wait_seconds
          from ${this.#schema}.rate_limits order by name`,
        values: [],
      }),
    ]);
    return {
      semaphores: semaphores.map(({ name, permits, tickets }) => {
        const taken = Math.min(permits, Number(tickets));
        return { name, permits, taken, waiting: Number(tickets) - taken };
      }),
      rateLimits: rateLimits.map(({ name, wait_seconds: waitSeconds }) => ({ name, waitSeconds })),
    };
  }
}

import type { Semaphore } from "../../subscription/limits/define-semaphore.ts";
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
}

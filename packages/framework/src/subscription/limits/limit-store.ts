import type { Semaphore } from "./define-semaphore.ts";
import type { LimitStatus } from "../../telemetry/limit-status.ts";

/** A place in the queue of a semaphore. */
export interface Ticket {
  readonly ticket: bigint;
  /** Whether it is among the first: then it is a permit. Once it is, it stays one. */
  readonly granted: boolean;
}

/** Requests that belong to whoever asked, and to nobody else; or when to ask again. */
export interface Reservation {
  readonly granted: boolean;
  /** Until the first of them may go out. */
  readonly waitMs: number;
}

export interface ReservationRequest {
  readonly name: string;
  readonly requests: number;
  readonly intervalMs: number;
  /** How much of the time that nobody asked for may be made up for. */
  readonly catchUpMs: number;
  /** Nothing is given out that would have to wait longer. */
  readonly patienceMs: number;
  /** How far ahead of the clock requests can have been given out. */
  readonly aheadMs: number;
}

/**
 * What the limits of all processes are kept in. The clock is the database's, and every call is one short statement
 * that leaves nothing open. Methods throw TidemarkError `store-unavailable` when the database cannot be used now.
 */
export interface LimitStore {
  reserve(request: ReservationRequest): Promise<Reservation>;

  declare(semaphores: readonly Semaphore[]): Promise<void>;

  /** Takes the last place in the queue of a semaphore, for `leaseMs`. `label` is shown to people. */
  enter(semaphore: string, label: string, leaseMs: number): Promise<Ticket>;

  /** Extends tickets that have not expired; the others are not in the answer, and never come back. */
  renew(tickets: readonly bigint[], leaseMs: number): Promise<readonly Ticket[]>;

  /** Gives tickets back; whoever waits behind them is told. */
  leave(tickets: readonly bigint[]): Promise<void>;

  /** For operators: two short reads. */
  status(): Promise<LimitStatus>;
}

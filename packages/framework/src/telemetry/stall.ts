/** A session of the database, as far as this role may see it. */
export interface DatabaseSession {
  readonly pid: number;
  /** As the session calls itself: the framework's are `tidemark append`, `tidemark project` and so on. */
  readonly application: string;
  /** `active`, `idle in transaction`, ... */
  readonly state: string;
  /** First 100 characters of its statement, the last one when none runs. */
  readonly query: string;
  /** Seconds since that statement began. */
  readonly seconds: number;
}

/** Work of the framework that does not get on in the database. */
export interface Stall {
  readonly session: DatabaseSession;
  /** The tables, or kinds of lock, that it waits for; `null` when it waits for none. */
  readonly waitsFor: string | null;
  /** Who holds what it waits for; `null` when nobody does and the statement or transaction itself is slow. */
  readonly blockedBy: DatabaseSession | null;
}

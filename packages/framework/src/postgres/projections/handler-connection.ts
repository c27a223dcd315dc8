import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type pg from "pg";
import type { HandlerBudget } from "../../projection/handler-budget.ts";

/** A connection as kysely uses it, for one transaction of handlers. */
export class HandlerConnection implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #driver: PostgresPoolClient;
  #budget: HandlerBudget | null = null;
  #isReleased = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    this.#driver = client;
  }

  /** Statements from now on are the handlers' own, or not. */
  meter(budget: HandlerBudget | null): void {
    this.#budget = budget;
  }

  query<Row>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    text: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof text !== "string") return this.#driver.query(text);
    this.#budget?.spend(text, parameters);
    return this.#driver.query(text, parameters);
  }

  release(): void {
    this.#end(false);
  }

  /** Nothing that is sent afterwards arrives. */
  destroy(): void {
    this.#end(true);
  }

  /** Whoever is second, kysely or an abort, finds it released already. */
  #end(isBroken: boolean): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#client.release(isBroken);
  }
}

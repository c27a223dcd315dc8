import type { Kysely } from "kysely";
import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition } from "../event/define-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { HandlersProjection, ProjectionMigration } from "./any-projection.ts";
import { checkProjection } from "./check-projection.ts";
import type { EventOf } from "../event/event-of.ts";
import type { ProjectionContext } from "./projection-context.ts";

/** One function per event. What it writes through `tx` is committed together with the checkpoint, or not at all. */
export type ProjectFunctions<Events extends readonly AnyEventDefinition[], Tables> = {
  readonly [Type in Events[number]["type"]]: (
    tx: Kysely<Tables>,
    event: EventOf<Extract<Events[number], { readonly type: Type }>>,
    context: ProjectionContext,
  ) => Promise<unknown>;
};

interface ReadModelBuilder<Tables> {
  /**
   * Defines a projection in the handlers form: migrations make the tables, one function per event fills them.
   * Handlers use `tx` for every statement, and neither clock nor random.
   *
   * @throws TidemarkError `definition-invalid` when a name, version or function is missing or not allowed.
   */
  defineProjection<
    const Name extends string,
    const Events extends readonly AnyEventDefinition[],
  >(definition: {
    readonly name: Name;
    readonly version: number;
    readonly events: Events;
    /** Run in order when a build is made, in a PostgreSQL schema of its own. Change them only with a new version. */
    readonly migrations: readonly {
      readonly name: string;
      readonly up: (db: Kysely<Tables>) => Promise<unknown>;
    }[];
    /** Needed for more than one partition: events that touch the same rows must have the same value. */
    readonly partitionBy?: (event: EventOf<Events[number]>) => string;
    /** How many partitions a build begins with. Default 1. */
    readonly partitions?: number;
    readonly project: ProjectFunctions<Events, Tables>;
  }): HandlersProjection<Name, Tables>;
}

/**
 * Starts a projection in the handlers form, for the tables that its handlers write and its queries read.
 *
 * @example
 * interface Tables { deposits: { id: string; amount: bigint } }
 * const deposits = readModel<Tables>().defineProjection({
 *   name: "deposits",
 *   version: 1,
 *   events: [FundsDeposited],
 *   migrations: [{ name: "create", up: (db) => db.schema.createTable("deposits")
 *     .addColumn("id", "uuid", (c) => c.primaryKey()).addColumn("amount", "bigint", (c) => c.notNull()).execute() }],
 *   project: {
 *     FundsDeposited: (tx, { eventId, data }) =>
 *       tx.insertInto("deposits").values({ id: eventId, amount: data.cents }).execute(),
 *   },
 * });
 */
export function readModel<Tables>(): ReadModelBuilder<Tables> {
  // The interface is the contract: the loose implementation cannot name the tables it is for.
  return { defineProjection } as ReadModelBuilder<Tables>;
}

interface LooseDefinition {
  readonly name: string;
  readonly version: number;
  readonly events: readonly AnyEventDefinition[];
  readonly migrations: readonly ProjectionMigration[];
  readonly partitionBy?: (event: RecordedEvent) => string;
  readonly partitions?: number;
  readonly project: Readonly<
    Record<
      string,
      (tx: Kysely<unknown>, event: RecordedEvent, context: ProjectionContext) => Promise<unknown>
    >
  >;
}

function defineProjection(definition: LooseDefinition): HandlersProjection {
  const { name, version, events, migrations, partitionBy, project, partitions = 1 } = definition;
  checkProjection({ name, version, events, handlers: project, partitions });
  if (partitions > 1 && partitionBy === undefined) {
    throw new TidemarkError(
      "definition-invalid",
      `The projection ${name} has ${partitions} partitions and no partitionBy: two partitions that write the same rows ` +
        "wait for each other for ever, so say which events belong together.",
    );
  }
  return Object.freeze({
    form: "handlers",
    name,
    version,
    events,
    partitions,
    migrations,
    partitionOf: partitionBy ?? null,
    handle: async (tx: Kysely<unknown>, event: RecordedEvent, context: ProjectionContext) =>
      project[event.type]?.(tx, event, context),
  });
}

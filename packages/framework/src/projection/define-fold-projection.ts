import type { AnyEventDefinition } from "../event/define-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { AnyRow, FoldProjection } from "./any-projection.ts";
import { checkProjection } from "./check-projection.ts";
import type { KeyOf, RowOf, Table } from "./define-table.ts";
import type { EventOf } from "../event/event-of.ts";

/** One pure function per event: from the row before to the row after; `null` when there is no row afterwards. */
export type FoldFunctions<Events extends readonly AnyEventDefinition[], T extends Table> = {
  readonly [Type in Events[number]["type"]]: (
    row: RowOf<T> | undefined,
    event: EventOf<Extract<Events[number], { readonly type: Type }>>,
    key: KeyOf<T>,
  ) => RowOf<T> | null;
};

/**
 * Defines a projection in the fold form, the fast and recommended one: which row or rows an event touches, and how
 * each of them changes. Functions are pure: no I/O, no clock, no random. An event's recorded time is in the event.
 *
 * An event that touches several rows is folded once for each of its keys. The columns of the primary key are
 * always those of the key.
 *
 * @throws TidemarkError `definition-invalid` when a name, version or function is missing or not allowed.
 * @example
 * const balances = defineFoldProjection({
 *   name: "balances",
 *   version: 1,
 *   events: [FundsDeposited],
 *   table: defineTable("balances", { account_id: text(), cents: bigint() }, { primaryKey: ["account_id"] }),
 *   keys: (event) => event.aggregateId,
 *   fold: {
 *     FundsDeposited: (row, { data }, account_id) => ({ account_id, cents: (row?.cents ?? 0n) + data.cents }),
 *   },
 * });
 */
export function defineFoldProjection<
  const Name extends string,
  const Events extends readonly AnyEventDefinition[],
  const T extends Table,
>(definition: {
  readonly name: Name;
  readonly version: number;
  readonly events: Events;
  readonly table: T;
  readonly keys: (event: EventOf<Events[number]>) => KeyOf<T> | readonly KeyOf<T>[];
  readonly fold: FoldFunctions<Events, T>;
  /** How many partitions a build begins with, each with the rows of its part of the keys. Default 1. */
  readonly partitions?: number;
}): FoldProjection<Name, T>;
export function defineFoldProjection(definition: LooseDefinition): FoldProjection {
  const { name, version, events, table, keys, fold, partitions = 1 } = definition;
  checkProjection({ name, version, events, handlers: fold, partitions });
  const { primaryKey } = table;
  const [only] = primaryKey.length === 1 ? primaryKey : [];
  const keyParts = (key: unknown): readonly unknown[] => {
    if (only !== undefined) return [normalized(table, only, key)];
    const parts = new Map(Object.entries(Object(key)));
    return primaryKey.map((name) => normalized(table, name, parts.get(name)));
  };
  const keyForUser = (parts: readonly unknown[]): unknown =>
    only === undefined ? Object.fromEntries(primaryKey.map((name, index) => [name, parts[index]])) : parts[0];
  return Object.freeze({
    form: "fold",
    name,
    version,
    events,
    partitions,
    table,
    keyParts,
    keysOf: (event: RecordedEvent) => {
      const found = keys(event);
      return Array.isArray(found) ? found.map(keyParts) : [keyParts(found)];
    },
    foldRow: (row: AnyRow | undefined, event: RecordedEvent, parts: readonly unknown[]) => {
      const next = fold[event.type]?.(row, event, keyForUser(parts));
      if (next === undefined) {
        throw new TypeError(
          `The fold ${event.type} of projection ${name} returned nothing: return a row, or null.`,
        );
      }
      return next;
    },
  });
}

/** What the overload above guarantees, in types that every definition fits. */
interface LooseDefinition {
  readonly name: string;
  readonly version: number;
  readonly events: readonly AnyEventDefinition[];
  readonly table: Table;
  readonly partitions?: number;
  readonly keys: (event: RecordedEvent) => unknown;
  readonly fold: Readonly<
    Record<string, (row: AnyRow | undefined, event: RecordedEvent, key: unknown) => AnyRow | null>
  >;
}

/** Two spellings of one key must meet in one row: PostgreSQL compares uuids without regard to case. */
function normalized(table: Table, column: string, value: unknown): unknown {
  if (value === undefined || value === null) {
    throw new TypeError(`The key column ${column} of table ${table.name} has no value for this event.`);
  }
  return table.columns[column]?.type === "uuid" && typeof value === "string" ? value.toLowerCase() : value;
}

import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { NewEvent } from "../event/define-event.ts";
import { emptyMetadata } from "../event/event-metadata.ts";
import { EventSerializer } from "../event/event-serializer.ts";
import { checkStreamId } from "../event-store/stream-id.ts";
import { formatConsistencyToken } from "../event-store/consistency-token.ts";
import type { AnyProjection, AnyRow, FoldProjection, TablesOf } from "../projection/any-projection.ts";
import type { RowOf, Table } from "../projection/define-table.ts";
import { ProjectionSupervisor } from "../projection/projection-supervisor.ts";
import type { ProjectionStore } from "../projection/projection-store.ts";
import { keyText, withKey } from "../projection/row-key.ts";
import { inMemoryEventStore } from "./in-memory-event-store.ts";
import { recordEvent } from "./record-event.ts";

interface FoldTest<T extends Table> {
  /** Events of one stream, after those given before. */
  given(streamId: string, ...events: readonly NewEvent[]): FoldTest<T>;
  /** The rows that exist then, in order of their first event. */
  rows(): readonly RowOf<T>[];
}

/**
 * Tests a fold projection without a database. Events pass through Avro and their rules, as they would through a
 * store; those that the projection does not name are skipped.
 *
 * @example
 * const rows = testFold(balances)
 *   .given("account-1", AccountOpened({ owner: "Ada" }), FundsDeposited({ cents: 500n }))
 *   .rows();
 */
export function testFold<Name extends string, T extends Table>(
  projection: FoldProjection<Name, T>,
): FoldTest<T> {
  return foldTest(projection, []);
}

interface GivenEvent {
  readonly streamId: string;
  readonly event: NewEvent;
}

function foldTest<T extends Table>(
  projection: FoldProjection<string, T>,
  history: readonly GivenEvent[],
): FoldTest<T> {
  return {
    given(streamId, ...events) {
      checkStreamId(streamId);
      return foldTest(projection, [...history, ...events.map((event) => ({ streamId, event }))]);
    },
    // The rows are what the projection's own functions return, and those are typed by its table.
    rows: () => foldInMemory(projection, history) as readonly RowOf<T>[],
  };
}

function foldInMemory(projection: FoldProjection, history: readonly GivenEvent[]): readonly AnyRow[] {
  const rows = new Map<string, AnyRow>();
  const revisions = new Map<string, bigint>();
  for (const [index, { streamId, event }] of history.entries()) {
    const revision = revisions.get(streamId) ?? 0n;
    revisions.set(streamId, revision + 1n);
    if (!projection.events.some(({ recordName }) => recordName === event.definition.recordName)) continue;
    const place = { streamId, revision, position: BigInt(index + 1), recordedAt: new Date(index) };
    for (const recorded of recordEvent(event, place)) {
      const keys = new Map(projection.keysOf(recorded).map((key) => [keyText(key), key]));
      for (const [text, key] of keys) {
        const row = projection.foldRow(rows.get(text), recorded, key);
        if (row === null) rows.delete(text);
        else rows.set(text, withKey(projection.table, row, key));
      }
    }
  }
  return [...rows.values()];
}

/** A projection under test, with its tables in a real database. */
export interface ProjectionTest<P extends AnyProjection> extends AsyncDisposable {
  /** Appends events to a stream and waits until the projection has seen them. */
  given(streamId: string, ...events: readonly NewEvent[]): Promise<void>;
  /** Its tables. */
  readonly db: Kysely<TablesOf<P>>;
}

/**
 * Runs a projection of either form on a real database, from an event store in memory.
 *
 * `store` is opened and closed by the caller; use a database of the test's own.
 *
 * @example
 * await using test = await testProjection(deposits, { store });
 * await test.given("account-1", FundsDeposited({ cents: 500n }));
 * expect(await test.db.selectFrom("deposits").selectAll().execute()).toHaveLength(1);
 */
export async function testProjection<P extends AnyProjection>(
  projection: P,
  { store }: { readonly store: ProjectionStore },
): Promise<ProjectionTest<P>> {
  const eventStore = inMemoryEventStore();
  await eventStore.open();
  const serializer = new EventSerializer(projection.events);
  const supervisor = new ProjectionSupervisor({
    definitions: [projection],
    eventStore,
    serializer,
    store,
    applicationName: "test",
  });
  await supervisor.rebuild(projection.name);
  await supervisor.start();
  const { db } = await supervisor.query(projection);
  return {
    db,
    async given(streamId, ...events) {
      const context = { correlationId: null, causationId: null, metadata: emptyMetadata };
      const encoded = events.map((event) => serializer.encode(event, randomUUID(), context));
      const outcome = await eventStore.append(streamId, encoded);
      if (outcome.status !== "appended") throw new Error(`the events were not appended: ${outcome.status}`);
      const token = formatConsistencyToken(eventStore.storeId, await eventStore.head());
      await supervisor.query(projection, { consistencyToken: token });
    },
    async [Symbol.asyncDispose]() {
      await supervisor.close();
      await eventStore.close();
    },
  };
}

import type { EventSerializer, EventStore } from "@tidemark/framework";
import type pg from "pg";
import { digestAfter } from "../../support/projector-definitions.mjs";

/** A row of the read model "digests". */
export interface DigestRow {
  readonly account_id: string;
  readonly cents: bigint;
  readonly moves: number;
  readonly digest: string;
}

/** What the read model must say: computed from the log, without a projector. */
export async function expectedRows(
  eventStore: EventStore,
  serializer: EventSerializer,
  form: "fold" | "handlers",
): Promise<DigestRow[]> {
  const rows = new Map<string, DigestRow>();
  for await (const { events } of eventStore.readAll({ filter: { types: ["bank.Moved"] } })) {
    for (const event of await serializer.decodeAll(events, (sha256) => eventStore.schema(sha256))) {
      // Of the type that the filter names.
      const { cents, to } = event.data as { readonly cents: bigint; readonly to: string };
      for (const account_id of new Set(form === "fold" ? [event.aggregateId, to] : [to])) {
        const row = rows.get(account_id) ?? { cents: 0n, moves: 0, digest: "" };
        rows.set(account_id, {
          account_id,
          cents: row.cents + cents,
          moves: row.moves + 1,
          digest: digestAfter(row.digest, cents),
        });
      }
    }
  }
  return [...rows.values()].toSorted((a, b) => (a.account_id < b.account_id ? -1 : 1));
}

export async function storedRows(pool: pg.Pool, build: string): Promise<DigestRow[]> {
  const { rows } = await pool.query<DigestRow>(
    `select account_id, cents, moves, digest from ${build}.digests order by account_id collate "C"`,
  );
  return rows;
}

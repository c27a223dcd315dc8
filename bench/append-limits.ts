import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { createPool } from "@tidemark/schema-registry/postgres";
import type pg from "pg";
import type { AppendJob, AppendTarget } from "./append-job.ts";
import { data, meta } from "./append-store.ts";
import { copyIn } from "./copy-in.ts";

/** A table like the store's, with the same indexes; positions come from the client. */
export async function createLimitTable(pool: pg.Pool): Promise<void> {
  await pool.query(
    "drop table if exists bench_events; create table bench_events (like tidemark.events including indexes including storage)",
  );
}

const columns = 13;

class Rows {
  #position: bigint;

  constructor(position: bigint) {
    this.#position = position;
  }

  next(streamNo: number): unknown[] {
    this.#position += 1n;
    const at = this.#position;
    return [at, randomUUID(), streamNo, at, 1, 1, 1, 0, data, null, null, new Date(), meta];
  }
}

/** Each run and process counts from its own start. */
async function rowsOf(pool: pg.Pool): Promise<Rows> {
  const { rows } = await pool.query<{ last: bigint }>(
    "select coalesce(max(position), 0) as last from bench_events",
  );
  return new Rows(rows[0]?.last ?? 0n);
}

/** One prepared INSERT for each append. */
export async function insertTarget(job: AppendJob): Promise<AppendTarget> {
  const pool = createPool({ connectionString: job.connectionString, max: 1 });
  const rows = await rowsOf(pool);
  const client = await pool.connect();
  return {
    append: async (caller) => {
      await client.query({ name: "insert_1", text: insertText(1), values: rows.next(caller) });
    },
    close: async () => {
      client.release();
      await pool.end();
    },
  };
}

/** While one INSERT is in flight the rows of the next one collect, as the store does it with sets of this size. */
export async function groupedInsertTarget(job: AppendJob): Promise<AppendTarget> {
  const pool = createPool({ connectionString: job.connectionString, max: 1 });
  const rows = await rowsOf(pool);
  const client = await pool.connect();
  let waiting: {
    readonly row: unknown[];
    readonly done: () => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  let inFlight = false;
  const drain = async () => {
    inFlight = true;
    while (waiting.length > 0) {
      // As in the store: without it the first of 64 callers would go alone and the others wait for it.
      await turn();
      const set = waiting.splice(0, 1_000);
      const name = `insert_${set.length}`;
      try {
        await client.query({ name, text: insertText(set.length), values: set.flatMap(({ row }) => row) });
        for (const { done } of set) done();
      } catch (error) {
        for (const { fail } of set) fail(error);
      }
    }
    inFlight = false;
  };
  return {
    append: (caller) =>
      new Promise((done, fail) => {
        waiting.push({ row: rows.next(caller), done, fail });
        if (!inFlight) void drain();
      }),
    close: async () => {
      client.release();
      await pool.end();
    },
  };
}

/** One binary COPY for each append, the callers beside each other on connections of their own. */
export async function copyTarget(job: AppendJob): Promise<AppendTarget> {
  const pool = createPool({ connectionString: job.connectionString, max: job.callers });
  const rows = await rowsOf(pool);
  const clients = await Promise.all(Array.from({ length: job.callers }, () => pool.connect()));
  return {
    append: async (caller) => {
      const client = clients[caller];
      if (client === undefined) throw new Error("no connection");
      const batch = Array.from({ length: job.eventsPerAppend }, () => rows.next(caller));
      await copyIn(client, "copy bench_events from stdin (format binary)", batch);
    },
    close: async () => {
      for (const client of clients) client.release();
      await pool.end();
    },
  };
}

const texts = new Map<number, string>();

function insertText(count: number): string {
  const known = texts.get(count);
  if (known !== undefined) return known;
  const tuples = Array.from({ length: count }, (_, row) => {
    const places = Array.from({ length: columns }, (_unused, column) => `$${row * columns + column + 1}`);
    return `(${places.join(", ")})`;
  });
  const text = `insert into bench_events values ${tuples.join(", ")}`;
  texts.set(count, text);
  return text;
}

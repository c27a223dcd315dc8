import { LRUCache } from "lru-cache";
import type { ReadConnections } from "./read-connections.ts";

export interface StreamName {
  readonly tenant: string;
  readonly streamId: string;
}

/** About 15 MB of names. */
const maxNames = 50_000;

/**
 * The names behind the numbers of streams. Events carry the number only; those that a page brings and nobody knows
 * are looked up together. Like the catalogue's, a name stays true while a connection lasts.
 */
export class StreamNames {
  readonly #connections: ReadConnections;
  readonly #text: string;
  readonly #names = new LRUCache<number, StreamName>({ max: maxNames });

  /** @param schema the quoted database schema */
  constructor(connections: ReadConnections, schema: string) {
    this.#connections = connections;
    this.#text = `select stream_no, tenant, stream_id from ${schema}.streams where stream_no = any ($1::bigint[])`;
  }

  forget(): void {
    this.#names.clear();
  }

  /** Names by number; a number that no stream has is missing. */
  async find(streamNos: Iterable<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, StreamName>> {
    const found = new Map<number, StreamName>();
    const unknown: number[] = [];
    for (const streamNo of new Set(streamNos)) {
      const name = this.#names.get(streamNo);
      if (name === undefined) unknown.push(streamNo);
      else found.set(streamNo, name);
    }
    if (unknown.length === 0) return found;
    const rows = await this.#connections.query<[streamNo: string, tenant: string, streamId: string]>(
      { name: "tidemark_stream_names", text: this.#text, values: [unknown] },
      signal,
    );
    for (const [streamNo, tenant, streamId] of rows) {
      found.set(Number(streamNo), { tenant, streamId });
      this.#names.set(Number(streamNo), { tenant, streamId });
    }
    return found;
  }
}

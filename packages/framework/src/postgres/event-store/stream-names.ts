import { LRUCache } from "lru-cache";
import { blockOf, blockSize, StreamNameBlocks } from "./stream-name-blocks.ts";
import type { ReadConnections } from "./read-connections.ts";

export interface StreamName {
  readonly tenant: string;
  readonly streamId: string;
}

/** About 15 MB of names. */
const maxNames = 50_000;

/**
 * Names of a block that are looked up one by one before the block is read as a whole. One by one a name costs 16 µs,
 * among all of its block 1 µs: who needs so many has paid for the block, and a rebuild needs the others, too.
 */
const singlesBeforeBlock = blockSize / 16;

/** Blocks of which it is known how many names were asked for. */
const maxCounted = 100_000;

/**
 * The names behind the numbers of streams. Events carry the number only; those that a page brings and nobody knows
 * are looked up together. Like the catalogue's, a name stays true while a connection lasts.
 */
export class StreamNames {
  readonly #connections: ReadConnections;
  readonly #text: string;
  readonly #names = new LRUCache<number, StreamName>({ max: maxNames });
  readonly #blocks: StreamNameBlocks;
  readonly #singles = new LRUCache<number, number>({ max: maxCounted });
  #generation = 0;

  /** @param schema the quoted database schema */
  constructor(connections: ReadConnections, schema: string) {
    this.#connections = connections;
    this.#text = `select stream_no, tenant, stream_id from ${schema}.streams where stream_no = any ($1::bigint[])`;
    this.#blocks = new StreamNameBlocks(connections, schema);
  }

  forget(): void {
    this.#generation += 1;
    this.#names.clear();
    this.#blocks.clear();
    this.#singles.clear();
  }

  /** The name of a number that is known here. */
  known(streamNo: number): StreamName | undefined {
    return this.#blocks.find(streamNo) ?? this.#names.get(streamNo);
  }

  /** Looks up names that are not known here; a number that no stream has is missing. */
  async find(streamNos: Iterable<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, StreamName>> {
    const found = new Map<number, StreamName>();
    let unknown = [...new Set(streamNos)];
    if (unknown.length === 0) return found;
    const wanted = this.#wantedBlocks(unknown);
    if (wanted.length > 0) {
      await this.#blocks.load(wanted, signal);
      const missing: number[] = [];
      for (const streamNo of unknown) {
        const name = this.#blocks.find(streamNo);
        if (name === undefined) missing.push(streamNo);
        else found.set(streamNo, name);
      }
      unknown = missing;
    }
    if (unknown.length > 0) await this.#lookUp(unknown, found, signal);
    return found;
  }

  /** Counts what is asked for, and returns the blocks of which that is enough. */
  #wantedBlocks(unknown: readonly number[]): readonly number[] {
    const counts = new Map<number, number>();
    for (const streamNo of unknown) {
      const block = blockOf(streamNo);
      counts.set(block, (counts.get(block) ?? this.#singles.get(block) ?? 0) + 1);
    }
    const wanted: number[] = [];
    for (const [block, count] of counts) {
      const isWanted = count >= singlesBeforeBlock;
      if (isWanted) wanted.push(block);
      this.#singles.set(block, isWanted ? 0 : count);
    }
    return wanted;
  }

  async #lookUp(
    unknown: readonly number[],
    found: Map<number, StreamName>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const generation = this.#generation;
    const rows = await this.#connections.query<[streamNo: string, tenant: string, streamId: string]>(
      { name: "tidemark_stream_names", text: this.#text, values: [unknown] },
      signal,
    );
    for (const [text, tenant, streamId] of rows) {
      const streamNo = Number(text);
      found.set(streamNo, { tenant, streamId });
      // An answer of the connection before is nothing to be remembered.
      if (generation === this.#generation) this.#names.set(streamNo, { tenant, streamId });
    }
  }
}

import { LRUCache } from "lru-cache";
import type { ReadConnections } from "./read-connections.ts";
import type { StreamName } from "./stream-names.ts";

/** Numbers that are neighbours: streams get theirs in turn, so a block is one stretch of their table. */
export const blockSize = 4_096;

/** Bytes of names: two million of the length of `account-1234567`. */
const maxBytes = 48 * 1024 * 1024;

/** Blocks that one query reads at most: some megabytes of rows. */
const blocksAQuery = 16;

// Of a row: the number of fields, then each with four bytes of length.
const streamNoAt = 6;
const tenantAt = 14;

export function blockOf(streamNo: number): number {
  return Math.floor(streamNo / blockSize);
}

/** Names of one block, outside of JavaScript's heap: as strings they would take six times as much. */
interface NameBlock {
  readonly text: Buffer;
  /** Where each name begins, and the last one ends; of a number that no stream has it is empty. */
  readonly starts: Uint32Array;
  /** Of each name; `null` when all are of the empty tenant. */
  readonly tenants: readonly string[] | null;
}

/** Whole stretches of names, for who needs most of them: a rebuild of a log of many streams. */
export class StreamNameBlocks {
  readonly #connections: ReadConnections;
  readonly #schema: string;
  readonly #blocks = new LRUCache<number, NameBlock>({
    maxSize: maxBytes,
    sizeCalculation: ({ text, starts }) => text.length + starts.byteLength,
  });
  #generation = 0;

  /** @param schema the quoted database schema */
  constructor(connections: ReadConnections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
  }

  clear(): void {
    this.#generation += 1;
    this.#blocks.clear();
  }

  /** `undefined` also for a stream that is newer than its block. */
  find(streamNo: number): StreamName | undefined {
    const block = this.#blocks.get(blockOf(streamNo));
    if (block === undefined) return undefined;
    const index = streamNo % blockSize;
    const [start = 0, end = 0] = [block.starts[index], block.starts[index + 1]];
    if (start === end) return undefined;
    return { tenant: block.tenants?.[index] ?? "", streamId: block.text.toString("utf8", start, end) };
  }

  async load(blocks: readonly number[], signal: AbortSignal | undefined): Promise<void> {
    for (const [first, last] of stretches(blocks)) {
      const generation = this.#generation;
      const rows = await this.#connections.copy(
        `select stream_no, tenant, stream_id from ${this.#schema}.streams
         where stream_no >= ${first * blockSize} and stream_no < ${(last + 1) * blockSize} order by stream_no`,
        signal,
      );
      if (generation !== this.#generation) return;
      let from = 0;
      for (let block = first; block <= last; block += 1) {
        let to = from;
        for (let row = rows[to]; row !== undefined && blockOf(streamNoOf(row)) === block; row = rows[to])
          to += 1;
        if (to > from) this.#blocks.set(block, toBlock(rows.slice(from, to)));
        from = to;
      }
    }
  }
}

/** Neighbours together, by their first and last. */
function stretches(blocks: readonly number[]): readonly (readonly [first: number, last: number])[] {
  const found: [number, number][] = [];
  for (const block of [...blocks].toSorted((a, b) => a - b)) {
    const open = found.at(-1);
    if (open !== undefined && block === open[1] + 1 && block - open[0] < blocksAQuery) open[1] = block;
    else found.push([block, block]);
  }
  return found;
}

function toBlock(rows: readonly Buffer[]): NameBlock {
  const starts = new Uint32Array(blockSize + 1);
  const names: Buffer[] = [];
  const tenants: string[] = [];
  let hasTenants = false;
  let next = 0;
  let bytes = 0;
  for (const row of rows) {
    const index = streamNoOf(row) % blockSize;
    starts.fill(bytes, next, index + 1);
    next = index + 1;
    const nameAt = tenantAt + 4 + row.readInt32BE(tenantAt);
    const name = row.subarray(nameAt + 4, nameAt + 4 + row.readInt32BE(nameAt));
    if (nameAt > tenantAt + 4) {
      tenants[index] = row.toString("utf8", tenantAt + 4, nameAt);
      hasTenants = true;
    }
    names.push(name);
    bytes += name.length;
  }
  starts.fill(bytes, next);
  return { text: Buffer.concat(names), starts, tenants: hasTenants ? tenants : null };
}

function streamNoOf(row: Buffer): number {
  return Number(row.readBigInt64BE(streamNoAt));
}

import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import { onAbort } from "../on-abort.ts";
import type { PlacedRecord } from "./event-envelope.ts";
import type { KurrentDbClient, KurrentDbRead, KurrentDbResolvedEvent } from "./kurrentdb-client.ts";
import { failureOf, translated } from "./kurrentdb-error.ts";

/** Records of one call. `more`: the call ended because the chunk is full, not because there was nothing left. */
export interface Chunk {
  readonly records: readonly PlacedRecord[];
  readonly more: boolean;
}

export interface ReadOptions {
  readonly direction: "forwards" | "backwards";
  readonly maxCount: number;
  readonly signal?: AbortSignal | undefined;
}

/** A chunk ends here, so that large events do not fill the memory. */
const chunkBytes = 4 * 1024 * 1024;

/** Milliseconds without a record, or an end, after which a read is given up. */
const silenceMs = 30_000;

const attempts = 5;
const firstRetryDelayMs = 40;

/** Reads in chunks, each a call of its own that ends soon: clients leak what is left open. */
export class RecordReader {
  readonly #client: KurrentDbClient;
  readonly #interrupted: () => void;

  /** `interrupted` is told of each read that broke. */
  constructor(client: KurrentDbClient, interrupted: () => void = () => {}) {
    this.#client = client;
    this.#interrupted = interrupted;
  }

  /** Begins at a revision, inclusive. `null` when there is no such stream, or it is deleted. */
  async stream(
    name: string,
    fromRevision: "start" | "end" | bigint,
    options: ReadOptions,
  ): Promise<Chunk | null> {
    const { direction, maxCount } = options;
    try {
      return await this.#read(options, () =>
        this.#client.readStream(name, { fromRevision, direction, maxCount, requiresLeader: true }),
      );
    } catch (error) {
      const { kind } = failureOf(error);
      if (kind === "missing" || kind === "tombstoned") return null;
      throw translated(error);
    }
  }

  /** Begins at a position: inclusive forwards, exclusive backwards, as the server does. */
  async log(from: "start" | "end" | bigint, options: ReadOptions): Promise<Chunk> {
    const { direction, maxCount } = options;
    const fromPosition = typeof from === "bigint" ? { commit: from, prepare: from } : from;
    try {
      return await this.#read(options, () =>
        this.#client.readAll({ fromPosition, direction, maxCount, requiresLeader: true }),
      );
    } catch (error) {
      throw translated(error);
    }
  }

  /** A broken connection and a change of the leader heal within moments: the client has reconnected by then. */
  async #read(options: ReadOptions, begin: () => KurrentDbRead): Promise<Chunk> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await collect(begin(), options);
      } catch (error) {
        options.signal?.throwIfAborted();
        const { kind } = failureOf(error);
        if (
          attempt === attempts ||
          error instanceof TidemarkError ||
          (kind !== "lost" && kind !== "not-sent")
        )
          throw error;
        this.#interrupted();
        await delay(firstRetryDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
      }
    }
  }
}

async function collect(read: KurrentDbRead, { maxCount, signal }: ReadOptions): Promise<Chunk> {
  signal?.throwIfAborted();
  // The client may report the end of a call that nobody reads any more.
  read.on?.("error", () => {});
  const iterator = read[Symbol.asyncIterator]();
  const records: PlacedRecord[] = [];
  let bytes = 0;
  let ended = false;
  const interruption = interruptible(signal);
  try {
    // Two at least: the first one may be known, and without another nothing would move.
    while (records.length < maxCount && (bytes < chunkBytes || records.length < 2)) {
      const next = await Promise.race([iterator.next(), interruption.interrupted]);
      interruption.alive();
      if (next.done === true) {
        ended = true;
        break;
      }
      const record = placed(next.value);
      if (record === null) continue;
      records.push(record);
      if (record.data instanceof Uint8Array) bytes += record.data.length;
    }
    return { records, more: !ended };
  } finally {
    interruption.end();
    if (!ended) {
      await read.cancel?.().catch(() => undefined);
      void Promise.resolve(iterator.return?.()).catch(() => undefined);
    }
  }
}

export function placed({ event, commitPosition }: KurrentDbResolvedEvent): PlacedRecord | null {
  if (event === undefined) return null;
  const commit = event.position?.commit ?? commitPosition;
  if (commit === undefined) {
    throw new TidemarkError(
      "store-unavailable",
      "The server gives no positions in reads of a stream: it must be EventStoreDB 22.6 or later.",
    );
  }
  return {
    streamId: event.streamId,
    id: event.id,
    revision: event.revision,
    type: event.type,
    isJson: event.isJson,
    created: event.created,
    data: event.data,
    metadata: event.metadata,
    commit,
  };
}

/** Rejects when the signal aborts, or when nothing has happened for long. */
function interruptible(signal: AbortSignal | undefined): {
  readonly interrupted: Promise<never>;
  alive(): void;
  end(): void;
} {
  let reject: (reason: unknown) => void = () => {};
  const interrupted = new Promise<never>((_, rejected) => {
    reject = rejected;
  });
  interrupted.catch(() => undefined);
  const silent = setTimeout(() => {
    const message = `KurrentDB has not answered a read within ${silenceMs / 1_000} s: ask again later.`;
    reject(new TidemarkError("store-unavailable", message));
  }, silenceMs);
  const leave = onAbort(signal, () => reject(signal?.reason));
  return {
    interrupted,
    alive: () => void silent.refresh(),
    end: () => {
      clearTimeout(silent);
      leave();
    },
  };
}

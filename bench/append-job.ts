/** What an appending process is told to do for a while; it answers with an {@link AppendResult}. */
export interface AppendJob {
  readonly connectionString: string;
  /** `store` appends through PostgresEventStore; the others are what the bare driver reaches on tables like it. */
  readonly target: "store" | "insert" | "grouped-insert" | "copy" | "peer";
  readonly callers: number;
  /** Streams over all callers; a caller keeps to its own and expects their exact revisions. */
  readonly streams: number;
  readonly eventsPerAppend: number;
  /** An idempotency key with each append. */
  readonly keys: boolean;
  readonly seconds: number;
  /** Part of the names of the streams: processes do not share any. */
  readonly name: string;
}

export interface AppendResult {
  readonly events: number;
  readonly seconds: number;
  /** Peak of the process so far. */
  readonly residentMegabytes: number;
}

/** A target: how to append one caller's next events, and how to end. */
export interface AppendTarget {
  append(caller: number): Promise<void>;
  close(): Promise<void>;
}

/** The caller's own streams in turn, by number. */
export function ownStreams({ streams, callers }: Pick<AppendJob, "streams" | "callers">): {
  readonly perCaller: number;
  readonly next: (caller: number) => number;
} {
  const perCaller = Math.max(1, Math.floor(streams / callers));
  const turns = Array<number>(callers).fill(0);
  const next = (caller: number): number => {
    const turn = turns[caller] ?? 0;
    turns[caller] = turn + 1;
    return turn % perCaller;
  };
  return { perCaller, next };
}

import { TidemarkError } from "../errors.ts";

interface InFlight<T> {
  readonly hash: Uint8Array;
  readonly result: Promise<T>;
}

/** How long a duplicate waits for the first request of its key, in milliseconds. */
const joinTimeoutMs = 5_000;

/** Lets a concurrent duplicate of a request join the first one instead of running beside it. */
export class InFlightRequests<T> {
  readonly #byKey = new Map<string, InFlight<T>>();

  /**
   * Runs `first` unless the key is in flight; then gives that one's outcome, `joined` telling the two apart.
   *
   * @throws TidemarkError `idempotency-key-reused` for another request under the key,
   * `in-progress` when the first one takes longer than 5 s.
   */
  async run(key: string, hash: Uint8Array, first: () => Promise<T>): Promise<{ joined: boolean; result: T }> {
    const running = this.#byKey.get(key);
    if (running !== undefined) {
      if (!Buffer.from(running.hash).equals(hash)) throw keyReused();
      return { joined: true, result: await withTimeout(running.result) };
    }
    const result = first();
    this.#byKey.set(key, { hash, result });
    try {
      return { joined: false, result: await result };
    } finally {
      this.#byKey.delete(key);
    }
  }
}

export function keyReused(): TidemarkError {
  return new TidemarkError(
    "idempotency-key-reused",
    "This Idempotency-Key was used for another request: use a new key for a new request, and repeat a request unchanged.",
  );
}

async function withTimeout<T>(result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = "The first request with this Idempotency-Key is still running: ask again in a moment.";
      reject(new TidemarkError("in-progress", message, { details: { retryAfterSeconds: 1 } }));
    }, joinTimeoutMs);
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

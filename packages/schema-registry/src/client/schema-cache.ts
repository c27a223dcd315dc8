export interface SchemaCache {
  /**
   * The kept text, or what `load` finds; concurrent calls for one id share one `load`. A caller whose signal aborts
   * leaves alone, the others go on waiting.
   */
  get(id: number, load: () => Promise<string | null>, signal?: AbortSignal): Promise<string | null>;
}

/**
 * Keeps schema texts by id, the least recently used leave first. An id never changes its meaning, so nothing expires;
 * failures and "there is none" are not kept.
 */
export function createSchemaCache(capacity: number): SchemaCache {
  const texts = new Map<number, string>();
  const loading = new Map<number, Promise<string | null>>();

  async function fill(id: number, load: () => Promise<string | null>): Promise<string | null> {
    try {
      const text = await load();
      if (text !== null) keep(id, text);
      return text;
    } finally {
      loading.delete(id);
    }
  }

  function keep(id: number, text: string): void {
    // A map iterates in insertion order: what is put in last is the most recently used.
    texts.delete(id);
    texts.set(id, text);
    const oldest = texts.keys().next();
    if (texts.size > capacity && !oldest.done) texts.delete(oldest.value);
  }

  return {
    async get(id, load, signal) {
      signal?.throwIfAborted();
      const kept = texts.get(id);
      if (kept !== undefined) {
        keep(id, kept);
        return kept;
      }
      let pending = loading.get(id);
      if (pending === undefined) {
        pending = fill(id, load);
        loading.set(id, pending);
      }
      return signal ? unlessAborted(pending, signal) : pending;
    },
  };
}

function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

import { createSingleFlight } from "./single-flight.ts";

export interface SchemaCache {
  /** The kept text, or what `load` finds; concurrent calls for one id share one `load`. */
  get(
    id: number,
    load: (signal: AbortSignal) => Promise<string | null>,
    signal?: AbortSignal,
  ): Promise<string | null>;
}

/**
 * Keeps schema texts by id, the least recently used leave first. An id never changes its meaning, so nothing expires;
 * failures and "there is none" are not kept.
 */
export function createSchemaCache(capacity: number): SchemaCache {
  const texts = new Map<number, string>();
  const flight = createSingleFlight<string | null>();

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
      return flight(
        String(id),
        async (shared) => {
          const text = await load(shared);
          if (text !== null) keep(id, text);
          return text;
        },
        signal,
      );
    },
  };
}

/** Things made of schema texts that never change, the most recently used ones. */
export interface KeptSchemas<T> {
  find(key: string): T | undefined;
  /** `size` is the length of the text that it was made of. */
  add(key: string, value: T, size: number): void;
}

/** Keeps as much as was made of `characters` of text. */
export function createKeptSchemas<T>(characters: number): KeptSchemas<T> {
  const kept = new Map<string, { readonly value: T; readonly size: number }>();
  let total = 0;

  return {
    find(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      // Last in the order of insertion is last to go.
      kept.delete(key);
      kept.set(key, found);
      return found.value;
    },

    add(key, value, size) {
      total += size - (kept.get(key)?.size ?? 0);
      kept.delete(key);
      kept.set(key, { value, size });
      for (const [oldest, { size: freed }] of kept) {
        if (total <= characters) break;
        kept.delete(oldest);
        total -= freed;
      }
    },
  };
}

/** The calls that stay open, so that a reset or close ends them. */
export interface OpenCalls {
  /** Registers how to end a call. Returns how to take it back when the call has ended. */
  add(end: () => void): () => void;
  endAll(): void;
}

export function createOpenCalls(): OpenCalls {
  const ends = new Set<() => void>();
  return {
    add(end) {
      ends.add(end);
      return () => ends.delete(end);
    },
    endAll() {
      for (const end of ends) end();
      ends.clear();
    },
  };
}

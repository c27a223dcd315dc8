/** Reads one line from left to right by sticky patterns. */
export interface TextScanner {
  /** Consumes what the sticky `pattern` matches here and returns it; null when it does not match. */
  take(pattern: RegExp): string | null;
  position(): number;
  /** What has not been consumed yet. */
  rest(): string;
}

export function scanText(text: string): TextScanner {
  let at = 0;
  return {
    take(pattern) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0];
      if (found === undefined) return null;
      at += found.length;
      return found;
    },
    position: () => at,
    rest: () => text.slice(at),
  };
}

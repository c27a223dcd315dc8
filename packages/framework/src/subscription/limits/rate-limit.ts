/** At most so many calls in each `per`: a second, a minute, an hour, or a number of milliseconds. */
export interface RateLimit {
  readonly requests: number;
  readonly per: "second" | "minute" | "hour" | number;
}

const units = { second: 1_000, minute: 60_000, hour: 3_600_000 } as const;

/** Milliseconds from one call to the next. */
export function intervalOf({ requests, per }: RateLimit): number {
  return (typeof per === "number" ? per : units[per]) / requests;
}

/** What is wrong with a limit, in words that follow its name; `null` when nothing is. */
export function rateLimitFault({ requests, per }: RateLimit): string | null {
  if (!Number.isInteger(requests) || requests < 1) return "must allow a whole number of requests, 1 or more";
  const known = typeof per === "number" ? per > 0 && Number.isFinite(per) : Object.hasOwn(units, per);
  return known ? null : 'must have per: "second", "minute", "hour" or milliseconds greater than 0';
}

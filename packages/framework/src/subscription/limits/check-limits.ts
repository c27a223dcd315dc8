import type { HandlerLimits } from "./handler-limits.ts";
import { rateLimitFault, type RateLimit } from "./rate-limit.ts";
import { defaultBuffer, type SubscriptionBuffer } from "./subscription-buffer.ts";

/** What is wrong with the limits of a subscription, in words that follow its name; `null` when nothing is. */
export function limitsFault(options: {
  readonly types: readonly string[];
  readonly rateLimit: RateLimit | null;
  readonly limits: Readonly<Record<string, HandlerLimits>>;
  readonly buffer: Partial<SubscriptionBuffer>;
  readonly maxMessageBytes: number;
}): string | null {
  const { types, rateLimit, limits, buffer, maxMessageBytes } = options;
  const fault = rateLimit === null ? null : rateLimitFault(rateLimit);
  if (fault !== null) return `its rateLimit ${fault}`;
  for (const [type, own] of Object.entries(limits)) {
    if (!types.includes(type)) return `its limits name ${type}, which is none of its events`;
    const ownFault = own.rateLimit === undefined ? null : rateLimitFault(own.rateLimit);
    if (ownFault !== null) return `its rateLimit of ${type} ${ownFault}`;
  }
  const { events, bytes } = { ...defaultBuffer, ...buffer };
  if (!(events >= 1)) return "its buffer must have room for an event or more";
  if (!(bytes >= 1)) return "its buffer must have room for a byte or more";
  return maxMessageBytes >= 1 ? null : "its maxMessageBytes must be 1 or more";
}

import { createHash } from "node:crypto";
import type { IdempotencyEntry } from "../../event-store/idempotency-record.ts";

/** What a command layer would record under a key. */
export function idempotencyEntry(
  key: string,
  overrides: Partial<IdempotencyEntry> & { tenant?: string; principal?: string } = {},
): IdempotencyEntry {
  const { tenant = "", principal = "alice", ...rest } = overrides;
  return {
    identity: { tenant, principal, key },
    requestHash: createHash("sha256").update(key).digest(),
    body: Buffer.from(`answer to ${key}`),
    timeToLiveMs: 60_000,
    ...rest,
  };
}

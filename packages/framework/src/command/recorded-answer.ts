import { createHash } from "node:crypto";
import { z } from "zod";
import { DomainError, type RefusalKind } from "../errors.ts";
import type { IdempotencyRecord } from "../event-store/idempotency-record.ts";
import { canonicalJson } from "./canonical-json.ts";

const accepted = z.object({
  outcome: z.literal("accepted"),
  aggregateId: z.string(),
  /** How many events the command recorded. */
  events: z.int().nonnegative(),
  /** Where the stream stood; used when the command recorded nothing. */
  revision: z.string(),
  position: z.string(),
});

const kinds = ["rule", "not-found", "conflict", "forbidden"] as const satisfies readonly RefusalKind[];

const refused = z.object({
  outcome: z.literal("refused"),
  code: z.string(),
  message: z.string(),
  kind: z.enum(kinds),
  details: z.record(z.string(), z.string()),
});

const answerSchema = z.discriminatedUnion("outcome", [accepted, refused]);

/** The first answer to an idempotency key, as kept in its record. */
export type RecordedAnswer = z.infer<typeof answerSchema>;

export function encodeAnswer(answer: RecordedAnswer): Uint8Array {
  return Buffer.from(JSON.stringify(answer));
}

export function decodeAnswer(record: IdempotencyRecord): RecordedAnswer {
  return answerSchema.parse(JSON.parse(Buffer.from(record.body).toString()));
}

export function refusalOf(error: DomainError): RecordedAnswer {
  const { code, message, kind, details } = error;
  return { outcome: "refused", code, message, kind, details };
}

/** Two requests are the same when operation, target and parsed input are. */
export function requestHash(operation: string, target: string, input: unknown): Uint8Array {
  return createHash("sha256")
    .update(canonicalJson([operation, target, input]))
    .digest();
}

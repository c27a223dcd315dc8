import { TidemarkError } from "../errors.ts";
import { ChannelClosedError } from "./guarded-client.ts";

/**
 * What a failed call means.
 *
 * - `refused`: the server did not do it, and says why.
 * - `not-sent`: it was certainly not done; it may be called again.
 * - `lost`: nobody knows whether it was done.
 */
export type Failure =
  | { readonly kind: "conflict"; readonly actual: bigint | null }
  | { readonly kind: "missing" | "tombstoned" | "denied" | "too-large" | "not-sent" | "lost" | "refused" };

const kindOfType: Readonly<Record<string, Exclude<Failure["kind"], "conflict">>> = {
  "stream-not-found": "missing",
  "no-stream": "missing",
  "stream-deleted": "tombstoned",
  "stream-tombstoned": "tombstoned",
  "access-denied": "denied",
  "maximum-append-size-exceeded": "too-large",
  "append-record-size-exceeded": "too-large",
  "transaction-max-size-exceeded": "too-large",
  "not-leader": "not-sent",
  "invalid-argument": "refused",
  unsupported: "refused",
};

/** Codes of gRPC that say something about the call; all others leave its outcome open. */
const kindOfCode: Readonly<Record<number, Exclude<Failure["kind"], "conflict">>> = {
  3: "refused",
  7: "denied",
  12: "refused",
  16: "denied",
};

const neverConnected =
  /no connection established|name resolution failed|failed to connect|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|failed to discover/i;
const tooLarge = /maximum append|larger than max/i;

/** Reads the errors of both clients by their form: neither is imported. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { kind: "lost" };
  if (error instanceof ChannelClosedError) return { kind: "not-sent" };
  // A read on the way to an append failed: the append itself was not sent by that.
  if (error instanceof TidemarkError && error.code === "store-unavailable") return { kind: "not-sent" };
  const type = "type" in error && typeof error.type === "string" ? error.type : "";
  if (type === "wrong-expected-version") {
    // Named differently by the two clients; a missing stream is the text "no_stream".
    const actual =
      "actualVersion" in error ? error.actualVersion : "actualState" in error ? error.actualState : null;
    return { kind: "conflict", actual: typeof actual === "bigint" && actual >= 0n ? actual : null };
  }
  const kind = kindOfType[type];
  if (kind !== undefined) return { kind };
  if (tooLarge.test(error.message)) return { kind: "too-large" };
  if (neverConnected.test(error.message)) return { kind: "not-sent" };
  const code = "code" in error && typeof error.code === "number" ? error.code : 0;
  return { kind: kindOfCode[code] ?? "lost" };
}

/** A failed read or administrative call, for the caller of the store. */
export function translated(error: unknown): unknown {
  if (error instanceof TidemarkError || !(error instanceof Error)) return error;
  switch (failureOf(error).kind) {
    case "denied":
      return new TidemarkError(
        "store-unavailable",
        `KurrentDB refuses access: check the user, the password and the stream's access list (${reasonOf(error)}).`,
        { cause: error },
      );
    case "too-large":
      return new TidemarkError(
        "event-too-large",
        `KurrentDB refuses an append of this size: split it, or raise the server's limit (${reasonOf(error)}).`,
        { cause: error },
      );
    case "tombstoned":
      return new TidemarkError(
        "stream-not-found",
        "The stream was deleted for good on the server and takes no event again: use another stream.",
        { cause: error },
      );
    default:
      return new TidemarkError(
        "store-unavailable",
        `KurrentDB cannot be reached (${reasonOf(error)}): check that it runs, then retry.`,
        {
          cause: error,
          details: { retryAfterSeconds: 1 },
        },
      );
  }
}

/** gRPC wraps what happened into its code, sometimes twice, and notes that may be empty. */
function reasonOf({ message }: Error): string {
  return message
    .replace(/^(?:\d+ [A-Z_]+: )+/, "")
    .replace(/^No connection established\. Last error: (?:Error: )?/, "")
    .replace(/[\s.]*(?:Resolution note:\s*)?$/, "");
}

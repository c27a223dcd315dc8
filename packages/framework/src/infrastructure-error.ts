import { TidemarkError } from "./errors.ts";

/** SQLSTATEs and classes that say "not now" about the server, and nothing about the statement or its data. */
const states = [
  "08", // connection exceptions
  "53", // insufficient resources: connections, memory, disk
  "57P", // shutdown, crash, cannot connect now, idle session ended
  "40001", // serialization failure
  "40P01", // deadlock
  "25P03", // a transaction stood still for too long
  "55P03", // a lock was not to be had in time
] as const;

const socketCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  // What `fetch` says of a connection that was closed in its face, or not made in time.
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
]);

// The driver gives these errors no code.
const driverMessages =
  /connection (?:terminated|ended)|timeout exceeded when trying to connect|^timeout expired|^Client (?:has encountered a connection error|was closed)|not queryable/i;

/** Types of errors of KurrentDB's clients that say "not now". */
const kurrentDbTypes = new Set(["unavailable", "cancelled", "deadline-exceeded", "timeout", "not-leader"]);

/** Codes of gRPC that say the same: CANCELLED, DEADLINE_EXCEEDED, ABORTED, UNAVAILABLE. */
const grpcCodes = new Set([1, 4, 10, 14]);

const tidemarkCodes = new Set(["store-unavailable", "outcome-unknown", "registry-unavailable"]);

/**
 * Whether a failure is one of the infrastructure: the connection, the server or a store that cannot be reached, and
 * transactions that PostgreSQL asks to run again. Such work is retried for ever; it says nothing about an event.
 * Causes count too: `fetch` wraps what happened to its connection.
 */
export function isInfrastructureError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TidemarkError) return tidemarkCodes.has(error.code);
  if (error instanceof AggregateError && error.errors.some(isInfrastructureError)) return true;
  if ("type" in error && typeof error.type === "string" && kurrentDbTypes.has(error.type)) return true;
  if ("details" in error && "code" in error && typeof error.code === "number" && grpcCodes.has(error.code))
    return true;
  const code = codeOf(error);
  if (code === null) return driverMessages.test(error.message) || isInfrastructureError(error.cause);
  return (
    socketCodes.has(code) ||
    states.some((state) => code.startsWith(state)) ||
    isInfrastructureError(error.cause)
  );
}

/**
 * Whether a statement failed in a way that leaves open what became of it: the connection broke after it was sent.
 * An error that the server reports about the statement itself always means that nothing was committed.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("severity" in error && error.severity !== undefined)
    return error.severity === "FATAL" || error.severity === "PANIC";
  const code = codeOf(error);
  return code === null ? driverMessages.test(error.message) : socketCodes.has(code);
}

function codeOf(error: Error): string | null {
  return "code" in error && typeof error.code === "string" ? error.code : null;
}

import { TidemarkError } from "../errors.ts";
import { EventFailure } from "./event-failure.ts";

/**
 * What a failure means to a subscription.
 *
 * - `infrastructure`: heals by itself; wait and go on, count nothing.
 * - `event`: this event will fail again unless something about it or the code changes.
 * - `newer`: a node with newer code can handle it, this one cannot.
 * - `lease-lost`: another process has taken over.
 * - `diverged`: the checkpoint is of another log; only a person can decide.
 */
export type FailureClass = "infrastructure" | "event" | "newer" | "lease-lost" | "diverged";

const sqlStates = /^(?:08...|53...|57P..|40001|40P01|25P03|55P03)$/;

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

const infrastructureErrors = new Set(["store-unavailable", "outcome-unknown", "registry-unavailable"]);

// The driver gives these no code.
const driverMessages =
  /connection terminated|connection ended|timeout exceeded when trying to connect|not queryable/i;

/** Whether the failure is one of connection, server or network, wherever in the chain of causes it says so. */
export function isInfrastructureFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  if (sqlStates.test(code) || networkCodes.has(code) || infrastructureErrors.has(code)) return true;
  if (driverMessages.test(error.message)) return true;
  return error.cause !== undefined && isInfrastructureFailure(error.cause);
}

export function classifyFailure(error: unknown): FailureClass {
  const cause = error instanceof EventFailure ? error.cause : error;
  if (cause instanceof TidemarkError) {
    if (cause.code === "event-newer-than-this-node") return "newer";
    if (cause.code === "lease-lost") return "lease-lost";
    if (cause.code === "log-diverged") return "diverged";
  }
  if (error instanceof EventFailure) return "event";
  // What is not known to be an event's fault is not held against one: reading goes on when it heals.
  return "infrastructure";
}

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

import type {
  AllStreamResolvedEvent,
  CatchupSubscription,
  ReadableSubscription,
  ResolvedEvent,
} from "@eventstore/db-client";
import { waitFor } from "../../support/wait-for.ts";

/** What a subscription has said so far, in its order. */
export interface Watch<E> {
  readonly events: E[];
  /** Events and signs in the order they came: "confirmation", "caughtUp" and "event". */
  readonly order: string[];
  readonly errors: unknown[];
  /** Waits until at least so many events are there. */
  received(count: number): Promise<E[]>;
  caughtUp(): Promise<void>;
  failed(): Promise<unknown>;
  stop(): Promise<void>;
}

export function watch<E extends ResolvedEvent | AllStreamResolvedEvent>(
  subscription: ReadableSubscription<E> & CatchupSubscription,
): Watch<E> {
  const events: E[] = [];
  const order: string[] = [];
  const errors: unknown[] = [];
  subscription.on("confirmation", () => order.push("confirmation"));
  subscription.on("caughtUp", () => order.push("caughtUp"));
  subscription.on("error", (error) => errors.push(error));
  subscription.on("data", (event: E) => {
    order.push("event");
    events.push(event);
  });
  return {
    events,
    order,
    errors,
    received: async (count) =>
      await waitFor(() => events.length >= count && events, {
        what: `${count} events (${events.length} came)`,
        intervalMs: 5,
      }),
    caughtUp: async () =>
      void (await waitFor(() => order.includes("caughtUp"), { what: "caughtUp", intervalMs: 5 })),
    failed: async () => {
      await waitFor(() => errors.length > 0, { what: "an error of the subscription", intervalMs: 5 });
      return errors[0];
    },
    stop: async () => {
      if (subscription.closed) return;
      // Not events.once: a call that is cut while it stops is no failure of the case.
      const closed = new Promise<void>((resolve) => void subscription.once("close", resolve));
      await subscription.unsubscribe();
      subscription.destroy();
      await closed;
    },
  };
}

import type {
  PersistentAction,
  PersistentSubscriptionToAll,
  PersistentSubscriptionToAllResolvedEvent,
  PersistentSubscriptionToStream,
  PersistentSubscriptionToStreamResolvedEvent,
} from "@eventstore/db-client";
import { waitFor } from "../../support/wait-for.ts";
import { streamSettings } from "./client-library.ts";

/** Settings of the clients' defaults, but from the start. */
export const fromStart = (changes: Parameters<typeof streamSettings>[0] = {}) =>
  streamSettings({ startFrom: "start", ...changes });

type Delivered = PersistentSubscriptionToStreamResolvedEvent | PersistentSubscriptionToAllResolvedEvent;

/** One consumer of a group, and what it was given. */
export interface ConsumerWatch {
  readonly events: Delivered[];
  readonly errors: unknown[];
  received(count: number): Promise<Delivered[]>;
  /** The event of that place among those received. */
  at(index: number): Promise<Delivered>;
  ack(...events: Delivered[]): Promise<void>;
  nack(action: PersistentAction, ...events: Delivered[]): Promise<void>;
  /** Acknowledges all it was given and will be given. */
  ackAll(): void;
  confirmed(): Promise<void>;
  failed(): Promise<unknown>;
  stop(): Promise<void>;
}

export function watchConsumer(
  subscription: PersistentSubscriptionToStream | PersistentSubscriptionToAll,
): ConsumerWatch {
  const events: Delivered[] = [];
  const errors: unknown[] = [];
  let isConfirmed = false;
  let acksAll = false;
  const ack = async (...delivered: Delivered[]): Promise<void> => await subscription.ack(...delivered);
  subscription.on("confirmation", () => (isConfirmed = true));
  subscription.on("error", (error) => errors.push(error));
  subscription.on("data", (event: Delivered) => {
    events.push(event);
    if (acksAll) void ack(event);
  });
  const received = async (count: number): Promise<Delivered[]> =>
    await waitFor(() => events.length >= count && events, {
      what: `${count} events of the group`,
      intervalMs: 5,
    });
  return {
    events,
    errors,
    received,
    at: async (index) => {
      const event = (await received(index + 1))[index];
      if (event === undefined) throw new Error("no such event");
      return event;
    },
    ack,
    nack: async (action, ...delivered) =>
      await subscription.nack(action, "because of the case", ...delivered),
    ackAll: () => {
      acksAll = true;
      if (events.length > 0) void ack(...events);
    },
    confirmed: async () =>
      void (await waitFor(() => isConfirmed, { what: "the confirmation", intervalMs: 5 })),
    failed: async () => {
      await waitFor(() => errors.length > 0, { what: "an error of the consumer", intervalMs: 5 });
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

import type { Consumer } from "./consumer.ts";
import type { Message } from "./message.ts";
import { pinnedStrategy } from "./pinned-strategy.ts";

/** "skipped": this message must wait for its consumer, the next one may have room. "full": nobody has room. */
export type PushResult = "sent" | "skipped" | "full";

/** Decides which consumer gets a message. */
export interface ConsumerStrategy {
  readonly name: string;
  add(consumer: Consumer): void;
  remove(consumer: Consumer): void;
  push(message: Message): PushResult;
}

/** The strategy of that name, or undefined. */
export function consumerStrategy(name: string): ConsumerStrategy | undefined {
  switch (name) {
    case "DispatchToSingle":
      return queueStrategy(name, (consumers, used) => consumers.unshift(...consumers.splice(used)));
    case "RoundRobin":
      return queueStrategy(name, (consumers, used) => consumers.push(...consumers.splice(0, used + 1)));
    case "Pinned":
    case "PinnedByCorrelation":
      return pinnedStrategy(name);
    default:
      return undefined;
  }
}

/** The first consumer with room gets the message; `advance` then reorders the queue. */
function queueStrategy(
  name: string,
  advance: (consumers: Consumer[], used: number) => void,
): ConsumerStrategy {
  const consumers: Consumer[] = [];
  return {
    name,
    add: (consumer) => consumers.push(consumer),
    remove(consumer) {
      const index = consumers.indexOf(consumer);
      if (index >= 0) consumers.splice(index, 1);
    },
    push(message) {
      const used = consumers.findIndex((consumer) => consumer.push(message));
      if (used === -1) return "full";
      advance(consumers, used);
      return "sent";
    },
  };
}

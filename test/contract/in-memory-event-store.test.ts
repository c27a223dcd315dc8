import type { EventStoreCapabilities } from "@tidemark/framework";
import { eventStoreContract, inMemoryEventStore } from "@tidemark/framework/testing";
import { describe, it } from "vitest";

eventStoreContract({ describe, it }, "in memory", async () => inMemoryEventStore());

const everything: readonly (keyof EventStoreCapabilities)[] = [
  "multiStreamAppend",
  "appendConditions",
  "transactionalIdempotency",
  "commitOrderPositions",
  "erasure",
];
eventStoreContract({ describe, it }, "in memory without any capability", async () =>
  inMemoryEventStore({ without: everything }),
);

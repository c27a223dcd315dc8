import { eventStoreContract, inMemoryEventStore } from "@tidemark/framework/testing";
import { describe, it } from "vitest";

eventStoreContract({ describe, it }, "in memory", async () => inMemoryEventStore());

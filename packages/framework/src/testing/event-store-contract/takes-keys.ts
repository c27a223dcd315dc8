import { TidemarkError } from "../../errors.ts";
import type { EventStore } from "../../event-store/event-store.ts";

/** A store without `transactionalIdempotency` refuses idempotency keys, or honours them in a way of its own. */
export async function takesKeys(store: EventStore): Promise<boolean> {
  try {
    await store.findIdempotencyRecord({ tenant: "", principal: "contract", key: "none" });
    return true;
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "capability-missing") return false;
    throw error;
  }
}

import { schemaFingerprint } from "@tidemark/schema-registry/avro";
import { TidemarkError } from "../errors.ts";
import type { EventSchema } from "../event/event-schema.ts";

/**
 * Checks a schema that is about to enter a store's catalogue, where it stays for ever.
 *
 * @throws TidemarkError `event-invalid` when its sha256 is not that of its text.
 */
export function checkEventSchema(schema: EventSchema): void {
  if (schemaFingerprint(schema.text) === schema.sha256) return;
  throw new TidemarkError(
    "event-invalid",
    `The schema of ${schema.subject} has another sha256 than the given ${schema.sha256}: pass the digest of its text.`,
  );
}

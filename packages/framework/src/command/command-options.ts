import { TidemarkError } from "../errors.ts";
import type { EventMetadata } from "../event/event-metadata.ts";

/** How a command is to be run; everything has a default. */
export interface CommandOptions {
  /** The same key and input give the first answer again for 24 hours: 1-255 printable ASCII characters. */
  readonly idempotencyKey?: string;
  /** Whose idempotency key it is, and the actor in the metadata; default: the system. */
  readonly principal?: string;
  readonly tenant?: string;
  /** The revision that the caller has seen; anything newer is a `stale-revision`. `-1n`: no events yet. */
  readonly expectedRevision?: bigint;
  /**
   * A uuid v5 made from the source record of an import. A command whose event id the aggregate has folded
   * changes nothing, for ever.
   */
  readonly eventId?: string;
  /** A uuid; default: a new one for each command. */
  readonly correlationId?: string;
  /** The id of the event that led to this command. */
  readonly causationId?: string;
  readonly metadata?: Partial<Omit<EventMetadata, "actor">>;
  /** Gives up a command that still waits for room because too many are under way; one that runs gets its answer. */
  readonly signal?: AbortSignal;
}

const keyPattern = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** @throws TidemarkError `idempotency-key-invalid` or `validation-failed` naming the option. */
export function checkCommandOptions(options: CommandOptions): void {
  if (options.idempotencyKey !== undefined && !keyPattern.test(options.idempotencyKey)) {
    throw new TidemarkError(
      "idempotency-key-invalid",
      "An Idempotency-Key has 1 to 255 printable ASCII characters and no space at either end.",
    );
  }
  const { eventId, correlationId, causationId } = options;
  if (eventId !== undefined && uuidPattern.exec(eventId)?.[1] !== "5") {
    refuse("eventId", "must be a lower-case uuid of version 5, made from the source record");
  }
  if (correlationId !== undefined && !uuidPattern.test(correlationId))
    refuse("correlationId", "must be a lower-case uuid");
  if (causationId !== undefined && !uuidPattern.test(causationId))
    refuse("causationId", "must be a lower-case uuid");
}

function refuse(field: string, rule: string): never {
  throw new TidemarkError("validation-failed", `${field} ${rule}.`, {
    errors: [{ field, rule: "format", message: rule }],
  });
}

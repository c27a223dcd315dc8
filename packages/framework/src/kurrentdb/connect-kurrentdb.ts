import { setTimeout as delay } from "node:timers/promises";
import { AccessDeniedError, BACKWARDS, END, EventStoreDBClient } from "@eventstore/db-client";
import type { KurrentDbAddress } from "../event-store-variable.ts";
import { KurrentDbError } from "./kurrentdb-error.ts";

/** What the client puts around the reason. */
const noise =
  /^(?:\d+ [A-Z_]+: )+(?:No connection established\. Last error: (?:Error: )?)?|[\s.]*(?:Resolution note:.*)?$/gs;

/** What a server gets to answer its first question; in milliseconds. */
const patienceMs = 10_000;

/**
 * A client whose server has answered: the same read of everything that subscriptions need later.
 *
 * @throws KurrentDbError
 */
export async function openKurrentDb({
  connectionString,
  description,
}: KurrentDbAddress): Promise<EventStoreDBClient> {
  const client = EventStoreDBClient.connectionString(connectionString);
  try {
    await Promise.race([readLast(client), giveUp()]);
    return client;
  } catch (cause) {
    await client.dispose();
    throw new KurrentDbError(explain(description, cause), { cause });
  }
}

async function readLast(client: EventStoreDBClient): Promise<void> {
  const last = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
  for await (const event of last) void event;
}

async function giveUp(): Promise<never> {
  await delay(patienceMs, undefined, { ref: false });
  throw new Error(`no answer within ${patienceMs / 1_000} s`);
}

function explain(description: string, cause: unknown): string {
  if (cause instanceof AccessDeniedError) {
    return (
      `The KurrentDB at ${description} refuses these credentials: ` +
      "EVENT_STORE=kurrentdb://user:password@host must name a user who may read and write all streams."
    );
  }
  const reason = cause instanceof Error ? cause.message.replace(noise, "") : "";
  return (
    `The KurrentDB at ${description} cannot be reached (${reason}): ` +
    "start it, or correct host, port and tls in EVENT_STORE; a server without TLS needs ?tls=false."
  );
}

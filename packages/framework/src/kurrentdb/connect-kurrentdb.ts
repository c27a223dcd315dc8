import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "../errors.ts";
import type { KurrentDbAddress } from "./kurrentdb-address.ts";
import type { KurrentDbClient } from "./kurrentdb-client.ts";

/** What the client puts around the reason. */
const noise =
  /^(?:\d+ [A-Z_]+: )+(?:No connection established\. Last error: (?:Error: )?)?|[\s.]*(?:Resolution note:.*)?$/gs;

/** What a server gets to answer its first question; in milliseconds. */
const patienceMs = 10_000;

/** A client, and how to be rid of it. */
export interface KurrentDbConnection extends AsyncDisposable {
  readonly client: KurrentDbClient;
}

/**
 * A client of `@eventstore/db-client`, which is loaded here and not before, and whose server has answered: the same
 * read of everything that subscriptions need later.
 *
 * @throws TidemarkError `store-unavailable` without the credentials of the address.
 */
export async function connectKurrentDb(address: KurrentDbAddress): Promise<KurrentDbConnection> {
  const { EventStoreDBClient } = await loadClient();
  const client = EventStoreDBClient.connectionString(address.connectionString);
  try {
    await Promise.race([readLast(client), giveUp()]);
    return { client, [Symbol.asyncDispose]: () => client.dispose() };
  } catch (cause) {
    await client.dispose();
    throw new TidemarkError("store-unavailable", explain(address.description, cause), { cause });
  }
}

async function loadClient() {
  try {
    return await import("@eventstore/db-client");
  } catch (cause) {
    throw new TidemarkError(
      "store-unavailable",
      "A KurrentDB needs its client, which is not installed: npm install @eventstore/db-client.",
      { cause },
    );
  }
}

async function readLast(client: KurrentDbClient): Promise<void> {
  const last = client.readAll({ direction: "backwards", fromPosition: "end", maxCount: 1 });
  for await (const event of last) void event;
}

async function giveUp(): Promise<never> {
  await delay(patienceMs, undefined, { ref: false });
  throw new Error(`no answer within ${patienceMs / 1_000} s`);
}

function explain(description: string, cause: unknown): string {
  if (cause instanceof Error && "type" in cause && cause.type === "access-denied") {
    return (
      `The KurrentDB at ${description} refuses these credentials: ` +
      "kurrentdb://user:password@host must name a user who may read and write all streams."
    );
  }
  const reason = cause instanceof Error ? cause.message.replace(noise, "") : "";
  return (
    `The KurrentDB at ${description} cannot be reached (${reason}): ` +
    "start it, or correct host, port and tls of its address; a server without TLS needs ?tls=false."
  );
}

import type * as eventStoreDb from "@eventstore/db-client";

/**
 * The two client libraries of the database. One process can load only one of them: the generated code of both puts
 * its messages into the same global namespace. So a test file names one before it imports the cases.
 */
export type ClientLibraryName = "@eventstore/db-client" | "@kurrent/kurrentdb-client";

export type Client = eventStoreDb.EventStoreDBClient;

interface Loaded {
  readonly name: ClientLibraryName;
  readonly connect: (connectionString: string) => Client;
  readonly library: Pick<
    typeof eventStoreDb,
    | "binaryEvent"
    | "jsonEvent"
    | "streamNameFilter"
    | "eventTypeFilter"
    | "excludeSystemEvents"
    | "persistentSubscriptionToAllSettingsFromDefaults"
    | "persistentSubscriptionToStreamSettingsFromDefaults"
  >;
}

async function load(): Promise<Loaded> {
  if (process.env["KURRENTDB_CLIENT"] !== "@kurrent/kurrentdb-client") {
    const library = await import("@eventstore/db-client");
    return {
      name: "@eventstore/db-client",
      connect: (connectionString) => library.EventStoreDBClient.connectionString(connectionString),
      library,
    };
  }
  const successor = await import("@kurrent/kurrentdb-client");
  // The successor keeps the methods, parameters and results that the cases use, but its classes have private members
  // of their own, and some of its types are narrower.
  const library = successor as unknown as typeof eventStoreDb;
  return {
    name: "@kurrent/kurrentdb-client",
    connect: (connectionString) =>
      // The same reason.
      successor.KurrentDBClient.connectionString(
        connectionString.replace(/^esdb/, "kurrentdb"),
      ) as unknown as Client,
    library,
  };
}

const loaded = await load();

export const clientLibrary: ClientLibraryName = loaded.name;
export const connect = loaded.connect;

// Each with its type by name: the declarations cannot spell what the types are made of.
export const binaryEvent: typeof eventStoreDb.binaryEvent = loaded.library.binaryEvent;
export const jsonEvent: typeof eventStoreDb.jsonEvent = loaded.library.jsonEvent;
export const streamNameFilter: typeof eventStoreDb.streamNameFilter = loaded.library.streamNameFilter;
export const eventTypeFilter: typeof eventStoreDb.eventTypeFilter = loaded.library.eventTypeFilter;
export const excludeSystemEvents: typeof eventStoreDb.excludeSystemEvents =
  loaded.library.excludeSystemEvents;
export const streamSettings: typeof eventStoreDb.persistentSubscriptionToStreamSettingsFromDefaults =
  loaded.library.persistentSubscriptionToStreamSettingsFromDefaults;
export const allSettings: typeof eventStoreDb.persistentSubscriptionToAllSettingsFromDefaults =
  loaded.library.persistentSubscriptionToAllSettingsFromDefaults;

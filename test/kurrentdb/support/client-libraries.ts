import * as eventStoreDb from "@eventstore/db-client";
import * as kurrentDb from "@kurrent/kurrentdb-client";

export type Client = eventStoreDb.EventStoreDBClient;

/** One of the two client libraries of the database, under the names they share. */
export interface ClientLibrary {
  readonly name: string;
  readonly connect: (connectionString: string) => Client;
}

export const clientLibraries: readonly ClientLibrary[] = [
  {
    name: "@eventstore/db-client",
    connect: (connectionString) => eventStoreDb.EventStoreDBClient.connectionString(connectionString),
  },
  {
    name: "@kurrent/kurrentdb-client",
    // The successor keeps the methods and the results of the first client, but its class has private members of its own.
    connect: (connectionString) =>
      kurrentDb.KurrentDBClient.connectionString(
        connectionString.replace(/^esdb/, "kurrentdb"),
      ) as unknown as Client,
  },
];

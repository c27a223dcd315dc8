import { EventStoreDBClient } from "@eventstore/db-client";
import { kurrentDbContract } from "../support/kurrentdb-contract.ts";

kurrentDbContract(
  "@eventstore/db-client",
  (connectionString) => EventStoreDBClient.connectionString(connectionString),
  false,
);

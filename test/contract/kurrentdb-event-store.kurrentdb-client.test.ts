import { KurrentDBClient } from "@kurrent/kurrentdb-client";
import { kurrentDbContract } from "../support/kurrentdb-contract.ts";

kurrentDbContract(
  "@kurrent/kurrentdb-client",
  (connectionString) => KurrentDBClient.connectionString(connectionString),
  true,
);

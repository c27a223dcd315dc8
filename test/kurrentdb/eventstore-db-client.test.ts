import { importCases } from "./support/import-cases.ts";

await importCases("@eventstore/db-client");

import { importCases } from "./support/import-cases.ts";

await importCases("@kurrent/kurrentdb-client");

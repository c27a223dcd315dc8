import type {} from "vitest";

/** What the set-up tells every test file of the run. */
export interface TestRun {
  /** A superuser's URL of the server's `postgres` database. */
  connectionString: string;
  /** Part of the names of this run's databases. */
  id: string;
  /** A folder of this run, deleted at its end with the servers in it. */
  folder: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    testRun: TestRun;
  }
}

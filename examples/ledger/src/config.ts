import { resolve } from "node:path";
import { kurrentDbAddress, type KurrentDbAddress } from "@tidemark/framework/kurrentdb";
import { logLevelVariable, portVariable, readEnvironment } from "@tidemark/schema-registry/fastify";
import { databaseUrlVariable } from "@tidemark/schema-registry/postgres";
import { z } from "zod";

const environment = z
  .object({
    DATABASE_URL: databaseUrlVariable,
    EVENT_STORE: kurrentDbAddress.optional(),
    LEDGER_DATA_DIR: z.string().min(1).default(".tidemark"),
    LEDGER_PORT: portVariable.default(4_000),
    REGISTRY_PORT: portVariable.default(8_081),
    INIT_CWD: z.string().optional(),
    LOG_LEVEL: logLevelVariable,
  })
  .refine(({ LEDGER_PORT, REGISTRY_PORT }) => LEDGER_PORT === 0 || LEDGER_PORT !== REGISTRY_PORT, {
    path: ["LEDGER_PORT"],
    error: "must be another port than REGISTRY_PORT",
  });

/** Everything that the ledger takes from its environment, parsed once. */
export interface Config {
  /** `null`: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /** `null`: events are kept in the same PostgreSQL as the read models. */
  readonly kurrentDb: KurrentDbAddress | null;
  readonly ledgerPort: number;
  readonly registryPort: number;
  /** The folder that file arguments are relative to: npm runs scripts elsewhere and says where its user stands. */
  readonly standingIn: string;
  readonly logLevel: z.infer<typeof environment>["LOG_LEVEL"];
}

/** @throws EnvironmentError naming every variable that is wrong. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const settings = readEnvironment(environment, variables);
  return {
    databaseUrl: settings.DATABASE_URL ?? null,
    dataDir: resolve(settings.LEDGER_DATA_DIR),
    kurrentDb: settings.EVENT_STORE ?? null,
    ledgerPort: settings.LEDGER_PORT,
    registryPort: settings.REGISTRY_PORT,
    standingIn: settings.INIT_CWD ?? process.cwd(),
    logLevel: settings.LOG_LEVEL,
  };
}

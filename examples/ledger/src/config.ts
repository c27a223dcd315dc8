import { resolve } from "node:path";
import { z } from "zod";

const port = z.coerce
  .number({ error: "must be a port number" })
  .int()
  .min(0, { error: "must be 0 (any free port) to 65535" })
  .max(65_535, { error: "must be 0 (any free port) to 65535" });

const environment = z
  .object({
    DATABASE_URL: z
      .string()
      .regex(/^postgres(ql)?:\/\//, {
        error: "must start with postgresql:// , or be absent for the embedded PostgreSQL",
      })
      .optional(),
    LEDGER_DATA_DIR: z.string().min(1).default(".tidemark"),
    LEDGER_PORT: port.default(4_000),
    REGISTRY_PORT: port.default(8_081),
    INIT_CWD: z.string().optional(),
    LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("warn"),
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
  readonly ledgerPort: number;
  readonly registryPort: number;
  /** The folder that file arguments are relative to: npm runs scripts elsewhere and says where its user stands. */
  readonly standingIn: string;
  readonly logLevel: z.infer<typeof environment>["LOG_LEVEL"];
}

/** A setting that cannot be used; the message names it and says what to write. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** @throws ConfigError naming every variable that is wrong. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable in a shell or a compose file means "not set".
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const result = environment.safeParse(given);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new ConfigError(`The environment is not valid: ${faults.join("; ")}.`);
  }
  const { DATABASE_URL, LEDGER_DATA_DIR, LEDGER_PORT, REGISTRY_PORT, INIT_CWD, LOG_LEVEL } = result.data;
  return {
    databaseUrl: DATABASE_URL ?? null,
    dataDir: resolve(LEDGER_DATA_DIR),
    ledgerPort: LEDGER_PORT,
    registryPort: REGISTRY_PORT,
    standingIn: INIT_CWD ?? process.cwd(),
    logLevel: LOG_LEVEL,
  };
}

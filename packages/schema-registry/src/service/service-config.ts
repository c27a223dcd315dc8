import { resolve } from "node:path";
import { z } from "zod";
import { compatibilityLevels, type CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { logLevelVariable } from "../fastify/log-level-variable.ts";
import { portVariable } from "../fastify/port-variable.ts";
import { readEnvironment } from "../fastify/read-environment.ts";
import { databaseUrlVariable } from "../postgres/database-url-variable.ts";
import { isLoopback } from "../security/loopback.ts";

const environment = z
  .object({
    REGISTRY_HOST: z.string().default("127.0.0.1"),
    REGISTRY_PORT: portVariable.default(8_081),
    DATABASE_URL: databaseUrlVariable,
    REGISTRY_DATA_DIR: z.string().default(".tidemark/registry"),
    REGISTRY_DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(1_000).default(10),
    REGISTRY_PREPARED_STATEMENTS: z.enum(["on", "off"]).default("on"),
    REGISTRY_CREDENTIALS_FILE: z.string().optional(),
    REGISTRY_COMPATIBILITY: z.enum(compatibilityLevels).default("BACKWARD"),
    REGISTRY_MAX_SCHEMA_LENGTH: z.coerce.number().int().min(1_000).max(16_777_216).optional(),
    LOG_LEVEL: logLevelVariable,
    INIT_CWD: z.string().optional(),
  })
  .refine((env) => isLoopback(env.REGISTRY_HOST) || env.REGISTRY_CREDENTIALS_FILE !== undefined, {
    path: ["REGISTRY_HOST"],
    error:
      "is reached from other machines, so it needs credentials: set REGISTRY_CREDENTIALS_FILE to a file made with " +
      '"npm run registry -- credential add <name>", or listen on 127.0.0.1',
  });

/** Everything that the service takes from its environment, parsed once. */
export interface ServiceConfig {
  readonly host: string;
  readonly port: number;
  /** `null`: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly databaseConnections: number;
  /** False behind a pooler that gives each transaction another connection. */
  readonly preparedStatements: boolean;
  /** `null`: no credentials, which is for loopback only. */
  readonly credentialsFile: string | null;
  readonly defaultLevel: CompatibilityLevel;
  readonly maxSchemaLength: number | null;
  readonly logLevel: z.infer<typeof environment>["LOG_LEVEL"];
}

/** @throws EnvironmentError naming every variable that is wrong. */
export function readServiceConfig(variables: Readonly<Record<string, string | undefined>>): ServiceConfig {
  const env = readEnvironment(environment, variables);
  // npm runs scripts in the package's folder and says where its user stands.
  const standingIn = env.INIT_CWD ?? process.cwd();
  const file = env.REGISTRY_CREDENTIALS_FILE;
  return {
    host: env.REGISTRY_HOST,
    port: env.REGISTRY_PORT,
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: resolve(env.REGISTRY_DATA_DIR),
    databaseConnections: env.REGISTRY_DATABASE_CONNECTIONS,
    preparedStatements: env.REGISTRY_PREPARED_STATEMENTS === "on",
    credentialsFile: file === undefined ? null : resolve(standingIn, file),
    defaultLevel: env.REGISTRY_COMPATIBILITY,
    maxSchemaLength: env.REGISTRY_MAX_SCHEMA_LENGTH ?? null,
    logLevel: env.LOG_LEVEL,
  };
}

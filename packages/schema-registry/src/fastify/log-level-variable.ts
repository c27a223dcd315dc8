import { z } from "zod";

/** What pino may be told by an environment variable; `warn` when it is not set. */
export const logLevelVariable = z.enum(["debug", "info", "warn", "error", "silent"]).default("warn");

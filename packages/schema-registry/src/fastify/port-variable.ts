import { z } from "zod";

/** A TCP port as an environment variable gives it; `0` is any free one. */
export const portVariable = z.coerce
  .number({ error: "must be a port number" })
  .int()
  .min(0, { error: "must be 0 (any free port) to 65535" })
  .max(65_535, { error: "must be 0 (any free port) to 65535" });

import { z } from "zod";

/** The connection string of a PostgreSQL as an environment variable gives it; absent for the embedded one. */
export const databaseUrlVariable = z
  .string()
  .regex(/^postgres(ql)?:\/\//, {
    error: "must start with postgresql:// , or be absent for the embedded PostgreSQL",
  })
  .optional();

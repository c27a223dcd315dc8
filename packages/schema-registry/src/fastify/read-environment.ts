import { z } from "zod";

/** A setting that cannot be used; the message names it and says what to write. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/**
 * The settings of a process from its environment. An empty variable in a shell or a compose file means "not set".
 *
 * @throws EnvironmentError naming every variable that is wrong.
 * @example
 * const { PORT } = readEnvironment(z.object({ PORT: portVariable.default(8080) }), process.env);
 */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  variables: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new EnvironmentError(`The environment is not valid: ${faults.join("; ")}.`);
}

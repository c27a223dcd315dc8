import type { Build, BuildSettings } from "../../projection/build.ts";
import type { Statement } from "./row-statements.ts";

/** Changes what is given of a build's settings, and tells the processes that work on it. */
export function settleStatement(
  { schema, channel }: { readonly schema: string; readonly channel: string },
  build: Build,
  { activateWithParked, rateLimit }: BuildSettings,
): Statement {
  return {
    text: `with settled as (
        update ${schema}.projection_builds set activate_with_parked = coalesce($2, activate_with_parked),
          rate_limit = coalesce($3, rate_limit)
        where id = $1 returning 1
      ) select pg_notify($4, 'builds') from settled`,
    values: [build.id, activateWithParked ?? null, storedRate(rateLimit), channel],
  };
}

/** No limit is one, so that NULL is left for nothing said. */
export function storedRate(rateLimit: number | null | undefined): number | null {
  return rateLimit === null ? Infinity : (rateLimit ?? null);
}

import type { ApplicationDefinition } from "../application/define-application.ts";
import { CliFailure } from "./cli-failure.ts";

/**
 * Catches event types without their namespace. Others that the application does not know may be of older code.
 *
 * @throws CliFailure naming the type that was meant.
 */
export function checkTypes(types: readonly string[] | undefined, application: ApplicationDefinition): void {
  const known = application.events.map(({ recordName }) => recordName);
  for (const type of types ?? []) {
    const meant = known.filter((name) => name.endsWith(`.${type}`));
    if (known.includes(type) || meant.length === 0) continue;
    throw new CliFailure(`There is no event type ${type}: did you mean ${meant.join(" or ")}?`);
  }
}

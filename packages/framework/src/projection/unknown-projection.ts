import { TidemarkError } from "../errors.ts";

/** For whoever names a projection, or a version of one, that this code does not define. */
export function unknownProjection(name: string): TidemarkError {
  return new TidemarkError(
    "projection-unknown",
    `The application has no projection ${name} of this version: add it to its definition.`,
  );
}

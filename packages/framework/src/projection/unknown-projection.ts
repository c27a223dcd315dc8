import { TidemarkError } from "../errors.ts";

/** For whoever names a projection, or a version of one, that this code does not define. */
export function unknownProjection(name: string, known: Iterable<string> = []): TidemarkError {
  const names = [...known];
  const others = names.length === 0 || names.includes(name) ? "" : ` (it has ${names.join(", ")})`;
  return new TidemarkError(
    "projection-unknown",
    `The application has no projection ${name} of this version${others}: name one of its own, or add it to its definition.`,
  );
}

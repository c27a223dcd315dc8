import type { NamedNode, ParsedSchema } from "../avro/parsed-schema.ts";
import type { SchemaChange } from "./schema-change.ts";

/** What the comparison of two schemas carries along. */
export interface Comparison {
  readonly before: ParsedSchema;
  readonly after: ParsedSchema;
  /** Whether two named types stand for one type; the first time it plans their comparison. */
  readonly pair: (earlier: NamedNode, later: NamedNode) => boolean;
}

/** Changes are found one by one: who has seen enough stops. */
export type Changes<Result = void> = Generator<SchemaChange, Result>;

/** Where the two schemas are being compared. */
export interface Place {
  /** Full name of the named type around it. */
  readonly type: string;
  readonly field?: string;
  /** JSON pointers into the two texts. */
  readonly earlier: string;
  readonly later: string;
}

export function within(place: Place, earlier: string, later = earlier): Place {
  return { ...place, earlier: `${place.earlier}${earlier}`, later: `${place.later}${later}` };
}

/** One attribute on both sides, as canonical text; undefined on a side that does not have it. */
interface AttributePair {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Where it stands below the place; its name by default. */
  readonly step?: string;
}

/** An attribute of a type or field when the two sides differ. */
export function* compareAttribute(
  place: Place,
  { name, before, after, step = `/${escaped(name)}` }: AttributePair,
): Changes {
  if (before === after) return;
  yield {
    change: before === undefined ? "added" : after === undefined ? "removed" : "changed",
    element: "attribute",
    type: place.type,
    ...(place.field !== undefined && { field: place.field }),
    name,
    path: `${after === undefined ? place.earlier : place.later}${step}`,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

/** Whether what both sides have comes in another order; `places` are those in the earlier one, in order of the later. */
export function isReordered(places: readonly number[]): boolean {
  return places.some((at, index) => at < (places[index - 1] ?? -1));
}

/** The places of the members of a list. */
export function placesOf<T>(list: readonly T[]): ReadonlyMap<T, number> {
  return new Map(list.map((member, index) => [member, index]));
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

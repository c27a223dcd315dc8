import type { NamedNode, ParsedSchema } from "../avro/parsed-schema.ts";
import type { SchemaChange } from "./schema-change.ts";

/** What the comparison of two schemas carries along. */
export interface Comparison {
  readonly before: ParsedSchema;
  readonly after: ParsedSchema;
  /** Whether two named types stand for one type; the first time it plans their comparison. */
  readonly pair: (earlier: NamedNode, later: NamedNode) => boolean;
  readonly report: (change: SchemaChange) => void;
}

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

/** Reports an attribute of a type or field when the two sides differ. */
export function compareAttribute(
  { report }: Pick<Comparison, "report">,
  place: Place,
  { name, before, after, step = `/${escaped(name)}` }: AttributePair,
): void {
  if (before === after) return;
  report({
    change: before === undefined ? "added" : after === undefined ? "removed" : "changed",
    element: "attribute",
    type: place.type,
    ...(place.field !== undefined && { field: place.field }),
    name,
    path: `${after === undefined ? place.earlier : place.later}${step}`,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  });
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

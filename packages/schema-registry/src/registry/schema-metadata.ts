import { RegistryError } from "../errors.ts";

/** What users note about a schema; a part of its identity, as in Confluent's registry. */
export interface SchemaMetadata {
  /** Labels by the path of what they mark. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  readonly properties?: Readonly<Record<string, string>>;
  /** Names of the properties whose values should not be shown. */
  readonly sensitive?: readonly string[];
}

// What is noted beside a schema, not a place to keep data.
const longestMetadata = 65_536;

/**
 * Brings metadata into the one form in which equal ones are equal text: sorted, without empty members. Null when
 * nothing is left.
 *
 * @throws RegistryError `schema-too-large`
 */
export function canonicalMetadata(metadata: SchemaMetadata | null | undefined): SchemaMetadata | null {
  const { tags = {}, properties = {}, sensitive = [] } = metadata ?? {};
  const sortedTags = Object.entries(tags).map(([path, labels]) => [path, labels.toSorted()] as const);
  const canonical: SchemaMetadata = {
    ...(sortedTags.length > 0 && { tags: Object.fromEntries(sortedTags.toSorted(byKey)) }),
    ...(Object.keys(properties).length > 0 && {
      properties: Object.fromEntries(Object.entries(properties).toSorted(byKey)),
    }),
    ...(sensitive.length > 0 && { sensitive: sensitive.toSorted() }),
  };
  if (Object.keys(canonical).length === 0) return null;
  const { length } = JSON.stringify(canonical);
  if (length <= longestMetadata) return canonical;
  throw new RegistryError(
    "schema-too-large",
    `The metadata has ${length} characters, more than the ${longestMetadata} that are allowed`,
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

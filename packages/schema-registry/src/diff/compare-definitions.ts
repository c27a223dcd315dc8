import { jsonText, quote } from "../avro/json-text.ts";
import type { EnumNode, FieldNode, NamedNode, ParsedSchema, RecordNode } from "../avro/parsed-schema.ts";
import { compareProperties, compareTypes } from "./compare-types.ts";
import {
  compareAttribute,
  isReordered,
  placesOf,
  within,
  type Changes,
  type Comparison,
  type Place,
} from "./comparison.ts";
import { typeText } from "./schema-fragment.ts";

/** Compares two definitions of one type: its attributes and, by its kind, fields, symbols or size. */
export function* compareDefinitions(
  comparison: Comparison,
  before: NamedNode,
  after: NamedNode,
  place: Place,
): Changes {
  if (before.name !== after.name) {
    const sides = { before: quote(before.name), after: quote(after.name) };
    const path = `${place.later}/name`;
    yield { change: "renamed", element: "type", type: after.name, name: after.name, path, ...sides };
  }
  yield* compareAttribute(place, { name: "doc", before: quoted(before.doc), after: quoted(after.doc) });
  yield* compareAttribute(place, {
    name: "aliases",
    before: list(before.aliases),
    after: list(after.aliases),
  });
  yield* compareProperties(before.properties, after.properties, place);
  if (before.kind === "record" && after.kind === "record") {
    yield* compareRecords(comparison, before, after, place);
  } else if (before.kind === "enum" && after.kind === "enum") {
    yield* compareEnums(before, after, place);
  } else if (before.kind === "fixed" && after.kind === "fixed") {
    const sides = { before: String(before.size), after: String(after.size) };
    yield* compareAttribute(place, { name: "size", ...sides });
  }
}

function* compareRecords(
  comparison: Comparison,
  before: RecordNode,
  after: RecordNode,
  place: Place,
): Changes {
  const keyword = ({ isError }: RecordNode): string => (isError ? '"error"' : '"record"');
  yield* compareAttribute(place, { name: "type", before: keyword(before), after: keyword(after) });
  const sources = matchFields(before, after);
  const places = placesOf(before.fields);
  const order: number[] = [];
  for (const [index, field] of after.fields.entries()) {
    const source = sources.get(field);
    if (source === undefined) {
      const path = `${place.later}/fields/${index}`;
      const text = fieldText(comparison.after, field);
      yield { change: "added", element: "field", type: place.type, name: field.name, path, after: text };
      continue;
    }
    const from = places.get(source) ?? 0;
    order.push(from);
    const at = { ...within(place, `/fields/${from}`, `/fields/${index}`), field: field.name };
    yield* compareFields(comparison, source, field, at);
  }
  const kept = new Set(sources.values());
  for (const [index, field] of before.fields.entries()) {
    if (kept.has(field)) continue;
    const path = `${place.earlier}/fields/${index}`;
    const text = fieldText(comparison.before, field);
    yield { change: "removed", element: "field", type: place.type, name: field.name, path, before: text };
  }
  if (isReordered(order)) {
    const names = ({ fields }: RecordNode): string => JSON.stringify(fields.map(({ name }) => name));
    const sides = { before: names(before), after: names(after) };
    yield* compareAttribute(place, { name: "order of fields", ...sides, step: "/fields" });
  }
}

/** The later fields with those that they continue: of the same name, else of a name that the later one has as alias. */
function matchFields(before: RecordNode, after: RecordNode): ReadonlyMap<FieldNode, FieldNode> {
  const left = new Map(before.fields.map((field) => [field.name, field]));
  const sources = new Map<FieldNode, FieldNode>();
  const take = (field: FieldNode, name: string | undefined): void => {
    const source = name === undefined ? undefined : left.get(name);
    if (source === undefined || name === undefined) return;
    sources.set(field, source);
    left.delete(name);
  };
  for (const field of after.fields) take(field, field.name);
  for (const field of after.fields) {
    if (sources.has(field)) continue;
    take(
      field,
      field.aliases.find((alias) => left.has(alias)),
    );
  }
  return sources;
}

function* compareFields(comparison: Comparison, before: FieldNode, after: FieldNode, place: Place): Changes {
  if (before.name !== after.name) {
    const sides = { before: quote(before.name), after: quote(after.name) };
    const path = place.later;
    yield { change: "renamed", element: "field", type: place.type, name: after.name, path, ...sides };
  }
  yield* compareTypes(comparison, before.type, after.type, within(place, "/type"));
  yield* compareAttribute(place, { name: "doc", before: quoted(before.doc), after: quoted(after.doc) });
  yield* compareAttribute(place, {
    name: "default",
    before: defaultText(before),
    after: defaultText(after),
  });
  yield* compareAttribute(place, { name: "order", before: quote(before.order), after: quote(after.order) });
  yield* compareAttribute(place, {
    name: "aliases",
    before: list(before.aliases),
    after: list(after.aliases),
  });
  yield* compareProperties(before.properties, after.properties, place);
}

function fieldText(schema: ParsedSchema, field: FieldNode): string {
  const text = `{"name":${quote(field.name)},"type":${typeText(schema, field.type)}`;
  const fallback = defaultText(field);
  return fallback === undefined ? `${text}}` : `${text},"default":${fallback}}`;
}

function* compareEnums(before: EnumNode, after: EnumNode, place: Place): Changes {
  const earlier = placesOf(before.symbols);
  const later = placesOf(after.symbols);
  for (const [index, name] of after.symbols.entries()) {
    if (earlier.has(name)) continue;
    const path = `${place.later}/symbols/${index}`;
    yield { change: "added", element: "symbol", type: place.type, name, path, after: quote(name) };
  }
  for (const [index, name] of before.symbols.entries()) {
    if (later.has(name)) continue;
    const path = `${place.earlier}/symbols/${index}`;
    yield { change: "removed", element: "symbol", type: place.type, name, path, before: quote(name) };
  }
  if (isReordered(after.symbols.flatMap((name) => earlier.get(name) ?? []))) {
    const sides = { before: JSON.stringify(before.symbols), after: JSON.stringify(after.symbols) };
    yield* compareAttribute(place, { name: "order of symbols", ...sides, step: "/symbols" });
  }
  const sides = { before: quoted(before.default), after: quoted(after.default) };
  yield* compareAttribute(place, { name: "default", ...sides });
}

function defaultText(field: FieldNode): string | undefined {
  return field.default === undefined ? undefined : jsonText(field.default);
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : quote(text);
}

function list(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : JSON.stringify(names);
}

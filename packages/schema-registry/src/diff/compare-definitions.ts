import { jsonText, quote } from "../avro/json-text.ts";
import type { EnumNode, FieldNode, NamedNode, ParsedSchema, RecordNode } from "../avro/parsed-schema.ts";
import { compareProperties, compareTypes } from "./compare-types.ts";
import { compareAttribute, within, type Comparison, type Place } from "./comparison.ts";
import { schemaFragment } from "./schema-fragment.ts";

/** Compares two definitions of one type: its attributes and, by its kind, fields, symbols or size. */
export function compareDefinitions(
  comparison: Comparison,
  before: NamedNode,
  after: NamedNode,
  place: Place,
): void {
  if (before.name !== after.name) {
    const sides = { before: quote(before.name), after: quote(after.name) };
    const path = `${place.later}/name`;
    comparison.report({
      change: "renamed",
      element: "type",
      type: after.name,
      name: after.name,
      path,
      ...sides,
    });
  }
  compareAttribute(comparison, place, { name: "doc", before: quoted(before.doc), after: quoted(after.doc) });
  compareAttribute(comparison, place, {
    name: "aliases",
    before: list(before.aliases),
    after: list(after.aliases),
  });
  compareProperties(comparison, before.properties, after.properties, place);
  if (before.kind === "record" && after.kind === "record") compareRecords(comparison, before, after, place);
  if (before.kind === "enum" && after.kind === "enum") compareEnums(comparison, before, after, place);
  if (before.kind === "fixed" && after.kind === "fixed") {
    compareAttribute(comparison, place, {
      name: "size",
      before: String(before.size),
      after: String(after.size),
    });
  }
}

function compareRecords(comparison: Comparison, before: RecordNode, after: RecordNode, place: Place): void {
  const keyword = ({ isError }: RecordNode): string => (isError ? '"error"' : '"record"');
  compareAttribute(comparison, place, { name: "type", before: keyword(before), after: keyword(after) });
  const sources = matchFields(before, after);
  const order: number[] = [];
  for (const [index, field] of after.fields.entries()) {
    const source = sources.get(field);
    if (source === undefined) {
      wholeField(comparison, place, { change: "added", field, index });
      continue;
    }
    const from = before.fields.indexOf(source);
    order.push(from);
    const at = { ...within(place, `/fields/${from}`, `/fields/${index}`), field: field.name };
    compareFields(comparison, source, field, at);
  }
  const kept = new Set(sources.values());
  for (const [index, field] of before.fields.entries()) {
    if (!kept.has(field)) wholeField(comparison, place, { change: "removed", field, index });
  }
  if (order.some((at, index) => at < (order[index - 1] ?? -1))) {
    const names = ({ fields }: RecordNode): string => JSON.stringify(fields.map(({ name }) => name));
    compareAttribute(comparison, place, {
      name: "order of fields",
      before: names(before),
      after: names(after),
      step: "/fields",
    });
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
    if (!sources.has(field))
      take(
        field,
        field.aliases.find((alias) => left.has(alias)),
      );
  }
  return sources;
}

function compareFields(comparison: Comparison, before: FieldNode, after: FieldNode, place: Place): void {
  if (before.name !== after.name) {
    comparison.report({
      change: "renamed",
      element: "field",
      type: place.type,
      name: after.name,
      path: place.later,
      before: quote(before.name),
      after: quote(after.name),
    });
  }
  compareTypes(comparison, before.type, after.type, within(place, "/type"));
  compareAttribute(comparison, place, { name: "doc", before: quoted(before.doc), after: quoted(after.doc) });
  compareAttribute(comparison, place, {
    name: "default",
    before: defaultText(before),
    after: defaultText(after),
  });
  compareAttribute(comparison, place, {
    name: "order",
    before: quote(before.order),
    after: quote(after.order),
  });
  compareAttribute(comparison, place, {
    name: "aliases",
    before: list(before.aliases),
    after: list(after.aliases),
  });
  compareProperties(comparison, before.properties, after.properties, place);
}

function wholeField(
  { before, after, report }: Comparison,
  place: Place,
  {
    change,
    field,
    index,
  }: { readonly change: "added" | "removed"; readonly field: FieldNode; readonly index: number },
): void {
  const isNew = change === "added";
  const text = fieldText(isNew ? after : before, field);
  report({
    change,
    element: "field",
    type: place.type,
    name: field.name,
    path: `${isNew ? place.later : place.earlier}/fields/${index}`,
    ...(isNew ? { after: text } : { before: text }),
  });
}

function fieldText(schema: ParsedSchema, field: FieldNode): string {
  const text = `{"name":${quote(field.name)},"type":${schemaFragment(schema, field.type)}`;
  const fallback = defaultText(field);
  return fallback === undefined ? `${text}}` : `${text},"default":${fallback}}`;
}

function compareEnums(comparison: Comparison, before: EnumNode, after: EnumNode, place: Place): void {
  const { report } = comparison;
  const [earlier, later] = [new Set(before.symbols), new Set(after.symbols)];
  for (const [index, name] of after.symbols.entries()) {
    if (earlier.has(name)) continue;
    const path = `${place.later}/symbols/${index}`;
    report({ change: "added", element: "symbol", type: place.type, name, path, after: quote(name) });
  }
  for (const [index, name] of before.symbols.entries()) {
    if (later.has(name)) continue;
    const path = `${place.earlier}/symbols/${index}`;
    report({ change: "removed", element: "symbol", type: place.type, name, path, before: quote(name) });
  }
  const common = (symbols: readonly string[], other: ReadonlySet<string>): string =>
    JSON.stringify(symbols.filter((symbol) => other.has(symbol)));
  if (common(before.symbols, later) !== common(after.symbols, earlier)) {
    compareAttribute(comparison, place, {
      name: "order of symbols",
      before: JSON.stringify(before.symbols),
      after: JSON.stringify(after.symbols),
      step: "/symbols",
    });
  }
  compareAttribute(comparison, place, {
    name: "default",
    before: quoted(before.default),
    after: quoted(after.default),
  });
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

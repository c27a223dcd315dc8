import { jsonText } from "../avro/json-text.ts";
import type { FieldNode, NamedNode, ParsedSchema, UnionNode } from "../avro/parsed-schema.ts";
import { isPrimitive, shortNameOf } from "../avro/schema-name.ts";
import { branchName } from "../avro/union-branches.ts";
import { schemaPlaces, type SchemaPlace } from "../diff/schema-places.ts";
import { type AvscDefaults, isReadByAvsc } from "./avsc-default.ts";
import type { JavaScriptWarning } from "./javascript-warning.ts";

const mostWarnings = 100;
/** Checks of values; a schema that people write needs some dozens. */
const mostSteps = 50_000;

/** Why clients in JavaScript cannot load a schema, place by place, at most 100 reasons; empty when they can. */
export function loadingWarnings(schema: ParsedSchema): readonly JavaScriptWarning[] {
  const found: JavaScriptWarning[] = [];
  const budget = { steps: mostSteps };
  for (const place of schemaPlaces(schema)) {
    found.push(...structureWarnings(place));
    if (place.node.kind === "record")
      found.push(...defaultWarnings(schema, place, place.node.fields, budget));
    if (found.length >= mostWarnings) break;
  }
  return found.slice(0, mostWarnings);
}

function structureWarnings({ node, pointer }: SchemaPlace): readonly JavaScriptWarning[] {
  if (node.kind === "union") {
    if (node.branches.length > 0) return [];
    return [
      {
        rule: "empty-union",
        path: pointer,
        message: "Clients in JavaScript cannot load a union without branches",
        hint: 'Give the union a branch; "null" alone says the same.',
      },
    ];
  }
  if (!("name" in node)) return [];
  if (node.kind === "enum" && node.symbols.length === 0) {
    return [
      {
        rule: "empty-enum",
        path: `${pointer}/symbols`,
        message: `Clients in JavaScript cannot load the enum ${node.name}: it has no symbols`,
        hint: "Give the enum a symbol, or leave the field out until there is one.",
      },
    ];
  }
  return unusableNames(node, pointer);
}

/** avsc keeps names and symbols as members of plain objects, which have some of their own. */
const builtIn = new Set(Object.getOwnPropertyNames(Object.prototype));

function unusableNames(node: NamedNode, pointer: string): readonly JavaScriptWarning[] {
  const found: JavaScriptWarning[] = [];
  const refuse = (path: string, what: string, hint: string): void => {
    const message = `Clients in JavaScript cannot load ${what}`;
    found.push({ rule: "name-not-usable", path, message, hint });
  };
  const short = shortNameOf(node.name);
  if (isPrimitive(short)) {
    refuse(`${pointer}/name`, `the type ${node.name}: ${short} is a type of Avro`, "Give it another name.");
  } else if (builtIn.has(node.name)) {
    refuse(`${pointer}/name`, `a type named ${node.name}`, "Give it a namespace, or another name.");
  }
  if (node.kind === "enum") {
    for (const [index, symbol] of node.symbols.entries()) {
      if (!builtIn.has(symbol)) continue;
      refuse(`${pointer}/symbols/${index}`, `an enum with the symbol ${symbol}`, "Use another symbol.");
    }
  }
  if (node.kind === "record") {
    for (const [index, { name }] of node.fields.entries()) {
      if (name !== "__proto__") continue;
      refuse(
        `${pointer}/fields/${index}/name`,
        "a field named __proto__ with its value",
        "Rename the field.",
      );
    }
  }
  return found;
}

function defaultWarnings(
  { names }: ParsedSchema,
  place: SchemaPlace,
  fields: readonly FieldNode[],
  budget: AvscDefaults["budget"],
): readonly JavaScriptWarning[] {
  const unfinished = new Set<string>();
  for (let at: SchemaPlace | null = place; at !== null; at = at.parent) {
    if ("name" in at.node) unfinished.add(at.node.name);
  }
  const question: AvscDefaults = { names, unfinished, budget, seen: new Map(), depth: 0 };
  return fields.flatMap((field, index) => {
    if (field.default === undefined || isReadByAvsc(question, field.type, field.default)) return [];
    const path = `${place.pointer}/fields/${index}/default`;
    const label = `${place.owner?.name ?? ""}.${field.name}`;
    return [
      field.type.kind === "union"
        ? branchWarning(field, field.type, label, path)
        : refused(field, label, path),
    ];
  });
}

function branchWarning(
  field: FieldNode,
  { branches }: UnionNode,
  label: string,
  path: string,
): JavaScriptWarning {
  const [first] = branches;
  const name = first === undefined ? "none" : branchName(first);
  return {
    rule: "default-of-later-branch",
    path,
    message:
      `Clients in JavaScript cannot load the default ${shown(field)} of ${label}: they read it as the first branch ` +
      `of the union, which is ${name}`,
    hint: "Put the branch that the default is of first in the union.",
  };
}

function refused(field: FieldNode, label: string, path: string): JavaScriptWarning {
  const reason =
    field.type.kind === "long"
      ? "they take longs between -(2^53-2) and 2^53-2 only"
      : "it is no value that they could read from data";
  return {
    rule: "default-not-read",
    path,
    message: `Clients in JavaScript cannot load the default ${shown(field)} of ${label}: ${reason}`,
    hint: "Use another default; one that every client could also receive as a value.",
  };
}

function shown({ default: value }: FieldNode): string {
  const text = value === undefined ? "" : jsonText(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

import type { AvroSchema } from "./avro-schema.ts";
import { AvroSchemaError } from "./avro-schema-error.ts";
import { canonicalText } from "./canonical-text.ts";
import { jsonFromLiteral } from "./json-from-literal.ts";
import type { JsonValue } from "./json-value.ts";
import { parseJson } from "./parse-json.ts";
import type { NamedNode, ParsedSchema } from "./parsed-schema.ts";
import { isPrintedWithin } from "./printed-depth.ts";
import { readSchema, type ReadContext } from "./read-schema.ts";
import { describeJson } from "./schema-attributes.ts";
import { isValidDefault, type DefaultCheck } from "./valid-default.ts";

/** Bounds that keep a hostile schema from costing memory or stack. */
export interface ParseLimits {
  /** Length of the schema text, in UTF-16 units. Default 1 MiB. */
  readonly maxTextLength?: number;
  /** Nesting of the JSON document. Default 64. */
  readonly maxDepth?: number;
}

const defaultDepth = 64;

export interface ParseSchemaOptions {
  /** Schemas whose named types this one may use. */
  readonly references?: readonly ParsedSchema[];
  readonly limits?: ParseLimits;
}

/**
 * Reads a schema, as a literal or as JSON text (a string), and checks every rule of Avro: names, duplicates, unions, defaults (any
 * branch of a union). Accepts what Avro's Java implementation accepts with strict names, including a use of a name
 * before its definition, but never a second definition of a name. Numbers keep their text.
 *
 * Throws {@link AvroSchemaError} with a JSON pointer to the place and the rule that it breaks.
 */
export function parseSchema(schema: AvroSchema, options: ParseSchemaOptions = {}): ParsedSchema {
  const json = readDocument(schema, options.limits ?? {});
  const names = new Map<string, NamedNode>();
  for (const reference of options.references ?? []) addReference(names, reference);
  const external = new Set(names.keys());
  const context: ReadContext = { names, declared: new Set(external), pending: [], defaults: [] };
  const root = readSchema(context, json, "", "");
  requireDefinitions(context);
  requireValidDefaults(context);
  const parsed: ParsedSchema = Object.freeze({ root, names, external });
  // Without uses before definitions the canonical text nests no deeper than the given one.
  if (context.pending.length > 0) requirePrintable(parsed, options.limits ?? {});
  return parsed;
}

function requirePrintable(parsed: ParsedSchema, { maxDepth = defaultDepth }: ParseLimits): void {
  if (isPrintedWithin(parsed, maxDepth)) return;
  throw new AvroSchemaError({
    path: "",
    rule: "too-deep",
    message: `The schema nests deeper than ${maxDepth} levels once its types are written at their first use; define inner types before they are used`,
  });
}

function readDocument(schema: AvroSchema, limits: ParseLimits): JsonValue {
  const { maxTextLength = 1_048_576, maxDepth = defaultDepth } = limits;
  if (typeof schema !== "string") return jsonFromLiteral(schema, maxDepth);
  if (schema.length > maxTextLength) {
    throw new AvroSchemaError({
      path: "",
      rule: "too-large",
      message: `The schema has ${schema.length} characters, the limit is ${maxTextLength}; split it with references`,
    });
  }
  // A bare type name is no JSON text, but it is a schema literal.
  if (/^[A-Za-z_][\w.]*$/.test(schema) && !["true", "false"].includes(schema)) return schema;
  return parseJson(schema, maxDepth);
}

function addReference(names: Map<string, NamedNode>, reference: ParsedSchema): void {
  for (const [name, node] of reference.names) {
    const known = names.get(name);
    if (known !== undefined && known !== node && standaloneText(known) !== standaloneText(node)) {
      throw new AvroSchemaError({
        path: "",
        rule: "duplicate-name",
        message: `Two references define ${name} differently; refer to one version of it`,
      });
    }
    names.set(name, node);
  }
}

function standaloneText(node: NamedNode): string {
  return canonicalText({ root: node, names: new Map(), external: new Set() });
}

/** Each use before a definition moves that definition up in the canonical text, where it nests. */
const maxForwardUses = 100;

function requireDefinitions(context: ReadContext): void {
  if (context.pending.length > maxForwardUses) {
    throw new AvroSchemaError({
      path: "",
      rule: "too-complex",
      message: `The schema uses more than ${maxForwardUses} names before their definitions; define types before their use`,
    });
  }
  const missing = context.pending.find(({ name }) => !context.names.has(name));
  if (missing === undefined) return;
  throw new AvroSchemaError({
    path: missing.path,
    rule: "unknown-name",
    message: `The type ${JSON.stringify(missing.name.slice(0, 200))} is not defined here; define it in this schema or add a reference to the schema that does`,
  });
}

function requireValidDefaults(context: ReadContext): void {
  const check: DefaultCheck = { names: context.names, seen: new Map(), depth: 0 };
  for (const { field, path } of context.defaults) {
    if (field.default === undefined || isValidDefault(check, field.type, field.default)) continue;
    throw new AvroSchemaError({
      path,
      rule: "invalid-default",
      message: `The default of the field ${field.name} is ${describeJson(field.default)}, which is no value of its type`,
    });
  }
}

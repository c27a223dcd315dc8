import { integerOf, isJsonArray, isJsonNumber, isJsonObject, type JsonValue } from "../avro/json-value.ts";
import type { NamedNode, RecordNode, SchemaNode, UnionNode } from "../avro/parsed-schema.ts";

/** A question to avsc about defaults of one schema. */
export interface AvscDefaults {
  readonly names: ReadonlyMap<string, NamedNode>;
  /** Records that avsc has not finished when it reads the default: it cannot make a value of them. */
  readonly unfinished: ReadonlySet<string>;
  /** What is left of the work that one schema may cost. */
  readonly budget: { steps: number };
  /** Answers by record and value, for nested and otherwise valid defaults; `undefined` while one is being found. */
  readonly seen: Map<RecordNode, Map<JsonValue, boolean | undefined>>;
  /** How many records the value is inside of. */
  depth: number;
}

/** Defaults of defaults of defaults: nobody writes them by hand. */
const mostNesting = 100;

const largestInt = 2n ** 31n - 1n;
// avsc checks longs as JavaScript numbers.
const largestLong = 9_007_199_254_740_990n;

/**
 * Whether avsc takes a default that is valid Avro. It reads the default of a union as its first branch, only takes
 * symbols and longs that it could also decode, and cannot fill the gaps of a record's default with bytes or wrapped
 * unions: `isCopy` says that the value is such a filling.
 */
export function isReadByAvsc(
  question: AvscDefaults,
  type: SchemaNode,
  value: JsonValue,
  isCopy = false,
): boolean {
  question.budget.steps -= 1;
  // A warning that is missed is better than an answer that does not come.
  if (question.budget.steps < 0 || question.depth > mostNesting) return true;
  const read = (inner: SchemaNode, item: JsonValue): boolean => isReadByAvsc(question, inner, item, isCopy);
  switch (type.kind) {
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "bytes":
      return typeof value === "string" && !isCopy;
    case "fixed":
      return typeof value === "string" && value.length === type.size && !isCopy;
    case "enum":
      return typeof value === "string" && type.symbols.includes(value);
    case "int":
      return isIntegerBetween(value, -largestInt - 1n, largestInt);
    case "long":
      return isIntegerBetween(value, -largestLong, largestLong);
    case "float":
    case "double":
      return isJsonNumber(value) && Number.isFinite(Number(value.number));
    case "array":
      return isJsonArray(value) && value.every((item) => read(type.items, item));
    case "map":
      return isJsonObject(value) && [...value.values()].every((item) => read(type.values, item));
    case "union": {
      const [first] = type.branches;
      if (first === undefined) return false;
      return (value === null || !isCopy || !isWrapped(question, type)) && read(first, value);
    }
    case "reference": {
      const target = question.names.get(type.name);
      return target !== undefined && read(target, value);
    }
    case "record":
      return !question.unfinished.has(type.name) && isRecordRead(question, type, value, isCopy);
  }
}

function isIntegerBetween(value: JsonValue, least: bigint, most: bigint): boolean {
  const integer = integerOf(value);
  return integer !== null && integer >= least && integer <= most;
}

const buckets: Partial<Record<SchemaNode["kind"], string>> = {
  int: "number",
  long: "number",
  float: "number",
  double: "number",
  enum: "string",
  bytes: "buffer",
  fixed: "buffer",
  record: "object",
  map: "object",
};

/** avsc wraps the values of a union with two branches that are one type in JavaScript. */
function isWrapped({ names }: AvscDefaults, { branches }: UnionNode): boolean {
  const kinds = branches.map(
    (branch) => (branch.kind === "reference" ? names.get(branch.name) : branch)?.kind,
  );
  return new Set(kinds.map((kind) => kind && (buckets[kind] ?? kind))).size < branches.length;
}

function isRecordRead(question: AvscDefaults, type: RecordNode, value: JsonValue, isCopy: boolean): boolean {
  if (!isJsonObject(value)) return false;
  const answers = question.seen.get(type) ?? new Map<JsonValue, boolean | undefined>();
  question.seen.set(type, answers);
  if (answers.has(value)) return answers.get(value) ?? false;
  answers.set(value, undefined);
  question.depth += 1;
  const isRead = type.fields.every((field) => {
    const given = value.get(field.name);
    if (given !== undefined) return isReadByAvsc(question, field.type, given, isCopy);
    return field.default !== undefined && isReadByAvsc(question, field.type, field.default, true);
  });
  question.depth -= 1;
  answers.set(value, isRead);
  return isRead;
}

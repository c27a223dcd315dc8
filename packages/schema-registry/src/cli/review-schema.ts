import type { ParsedSchema, RecordNode } from "../avro/parsed-schema.ts";
import { shortNameOf } from "../avro/schema-name.ts";
import { schemaPlaces } from "../diff/schema-places.ts";

/** A design that is legal and that most teams regret. */
export interface DesignWarning {
  readonly rule: "vague-name" | "version-in-name" | "id-only" | "too-many-fields";
  /** JSON pointer into the schema's canonical text. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

const mostFields = 40;

const vagueNames = new Set(
  (
    "row table record entity model object item dto data value type event message payload info details content body " +
    "snapshot state created updated deleted changed modified added removed saved upserted create update delete " +
    "change insert upsert test temp tmp foo bar"
  ).split(" "),
);

const tableName = /(?:Row|Table|Dto|DTO|Entity)$/;
const versionName = /(?:^|[a-z0-9_])(?:Version|V|_v)_?\d+$|^v\d+$/;
const idName = /^(?:id|uuid|guid|key|.*(?:Id|ID|_id|Uuid|_uuid|Guid))$/;

/** What is worth a second thought in the names and shapes of a schema's records. */
export function reviewSchema(schema: ParsedSchema): readonly DesignWarning[] {
  return [...schemaPlaces(schema)].flatMap(({ node, pointer }) =>
    node.kind === "record" ? [...reviewName(node, pointer), ...reviewFields(node, pointer)] : [],
  );
}

function reviewName({ name }: RecordNode, pointer: string): readonly DesignWarning[] {
  const short = shortNameOf(name);
  const path = `${pointer}/name`;
  if (versionName.test(short)) {
    return [
      {
        rule: "version-in-name",
        path,
        message: `The name ${short} carries a version, and every later one would need another name`,
        hint: "Keep the name and evolve the schema; a breaking change raises the event's version, which gives it a subject of its own.",
      },
    ];
  }
  if (!vagueNames.has(short.toLowerCase()) && !tableName.test(short)) return [];
  return [
    {
      rule: "vague-name",
      path,
      message: `The name ${short} does not say what happened or what it is`,
      hint: "Name it in the words of the domain, such as FundsDeposited instead of Updated or Row.",
    },
  ];
}

function reviewFields({ name, fields }: RecordNode, pointer: string): readonly DesignWarning[] {
  const path = `${pointer}/fields`;
  if (fields.length > mostFields) {
    return [
      {
        rule: "too-many-fields",
        path,
        message: `The record ${name} has ${fields.length} fields, more than ${mostFields}`,
        hint: "Split it into several events, or group fields into records with names of their own.",
      },
    ];
  }
  if (pointer !== "" || fields.length === 0 || !fields.every((field) => idName.test(field.name))) return [];
  return [
    {
      rule: "id-only",
      path,
      message: `The record ${name} holds nothing but ${fields.length === 1 ? "an id" : "ids"}`,
      hint: "Carry what was decided, so that a reader needs no second question; a reader of old events cannot ask it.",
    },
  ];
}

import { createHash } from "node:crypto";
import { TidemarkError } from "../errors.ts";
import type { AnyProjection } from "./any-projection.ts";

/** The declared data of a projection version, field by field, each short enough to be compared and shown. */
export type Fingerprint = Readonly<Record<string, string>>;

/**
 * What a build was made from: events with the schemas they are read with, tables or migrations, and the key. The
 * text of functions is no part of it: a compiler changes that without changing what it means.
 */
export function fingerprintOf(projection: AnyProjection): Fingerprint {
  const fields: Record<string, string> = { form: projection.form };
  for (const { recordName, version, versions } of projection.events) {
    fields[`events.${recordName}`] = `v${version} ${versions.at(-1)?.sha256.slice(0, 16)}`;
  }
  if (projection.form === "handlers") {
    fields["migrations"] = digest(projection.migrations.map(({ name }) => name));
    fields["partitionBy"] = projection.partitionOf === null ? "no" : "yes";
    return fields;
  }
  const { name, columns, primaryKey, indexes } = projection.table;
  fields["table.name"] = name;
  fields["table.primaryKey"] = primaryKey.join(", ");
  fields["table.indexes"] = digest(indexes.map((index) => index.join(", ")));
  for (const [column, { type, nullable }] of Object.entries(columns)) {
    fields[`table.columns.${column}`] = nullable ? `${type} null` : type;
  }
  return fields;
}

/**
 * Compares what a build was made from with what the code declares now.
 *
 * @throws TidemarkError `projection-changed` naming the fields.
 */
export function compareFingerprints(projection: AnyProjection, built: Fingerprint): void {
  const declared = fingerprintOf(projection);
  const fields = [...new Set([...Object.keys(built), ...Object.keys(declared)])].toSorted();
  const errors = fields
    .filter((field) => built[field] !== declared[field])
    .map((field) => ({
      field,
      rule: "unchanged",
      message: `${field} was ${built[field] ?? "absent"} and is ${declared[field] ?? "absent"} now`,
    }));
  if (errors.length === 0) return;
  throw new TidemarkError(
    "projection-changed",
    `The projection ${projection.name} version ${projection.version} is not what its read model was built from: ` +
      `${errors.map(({ message }) => message).join("; ")}. Give it version ${projection.version + 1}, ` +
      "and the read model is rebuilt beside the one that serves.",
    { errors },
  );
}

function digest(list: readonly string[]): string {
  return list.length === 0
    ? "none"
    : createHash("sha256").update(JSON.stringify(list)).digest("hex").slice(0, 16);
}

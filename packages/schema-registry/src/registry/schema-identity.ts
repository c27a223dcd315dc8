import { createHash } from "node:crypto";
import type { SchemaReference } from "./schema-reference.ts";

export interface SchemaIdentity {
  /** Hex sha256: equal for equal canonical text and references. */
  readonly identity: string;
  /** The same as an MD5 in the form of a uuid, which is how Confluent 8 names schemas across registries. */
  readonly guid: string;
}

export function schemaIdentity(canonical: string, references: readonly SchemaReference[]): SchemaIdentity {
  const listed = references.map(({ name, subject, version }) => [name, subject, version]);
  const content = references.length === 0 ? canonical : `${canonical}\n${JSON.stringify(listed)}`;
  const md5 = createHash("md5").update(content).digest("hex");
  return {
    identity: createHash("sha256").update(content).digest("hex"),
    guid: md5.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
  };
}

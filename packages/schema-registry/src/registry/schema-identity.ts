import { createHash } from "node:crypto";
import type { SchemaMetadata } from "./schema-metadata.ts";
import type { SchemaReference } from "./schema-reference.ts";

export interface SchemaIdentity {
  /** Hex sha256: equal for equal canonical text, references and metadata. */
  readonly identity: string;
  /** The same as an MD5 in the form of a uuid, which is how Confluent 8 names schemas across registries. */
  readonly guid: string;
}

export function schemaIdentity(
  canonical: string,
  references: readonly SchemaReference[],
  metadata: SchemaMetadata | null,
): SchemaIdentity {
  const listed = references.map(({ name, subject, version }) => [name, subject, version]);
  const beside = references.length === 0 && metadata === null ? "" : JSON.stringify([listed, metadata]);
  const content = `${canonical}\n${beside}`;
  const md5 = createHash("md5").update(content).digest("hex");
  return {
    identity: createHash("sha256").update(content).digest("hex"),
    guid: md5.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
  };
}

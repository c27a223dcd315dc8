import { z } from "zod";
import { RegistryError } from "../errors.ts";
import type { ListOptions, SchemaRequest } from "../registry/registry.ts";
import type { SchemaMetadata } from "../registry/schema-metadata.ts";

// Everything unknown in a body or a query is ignored, as Confluent does: clients send members of other versions.

// Metadata is stored as jsonb, which holds neither NUL nor half a surrogate pair.
const storable = z.string().regex(/^[^\0\p{Surrogate}]*$/u, "holds a character that cannot be stored");

const last = z.union([z.string(), z.array(z.string()).transform((values) => values.at(-1) ?? "")]);

const every = z
  .union([storable, z.array(storable)])
  .optional()
  .transform((values) => (values === undefined ? [] : typeof values === "string" ? [values] : values));

const flag = last.optional().transform((text) => text?.toLowerCase() === "true");

const count = last.pipe(z.string().regex(/^-?\d{1,9}$/, "must be a whole number")).transform(Number);

export const subjectParams = z.object({ subject: z.string() });
export const versionParams = z.object({ subject: z.string(), version: z.string() });
/** `/config` and `/mode` take the subject or leave it out. */
export const scopeParams = z.object({ subject: z.string().optional() });
export const idParams = z.object({ id: z.string() });

/** `resolved` writes the types of references out; formats that this registry does not know are the default one. */
const format = last.optional().transform((text) => ({ resolved: text?.toLowerCase() === "resolved" }));

export const deletedQuery = z.object({ deleted: flag });
export const formatQuery = z.object({ format });
export const versionQuery = z.object({ deleted: flag, format });
export const permanentQuery = z.object({ permanent: flag });
export const scopeQuery = z.object({ defaultToGlobal: flag, force: flag });
export const schemaQuery = z.object({ normalize: flag, deleted: flag });
export const subjectHintQuery = z.object({ subject: last.optional(), fetchMaxId: flag, format });
export const importQuery = z.object({ dryRun: flag });
export const metadataQuery = z
  .object({ key: every, value: every, deleted: flag })
  .refine(({ key, value }) => key.length === value.length, "needs a value for every key")
  .transform(({ key, value, deleted }) => ({
    properties: Object.fromEntries(key.map((name, index) => [name, value[index] ?? ""])),
    deleted,
  }));

export const listQuery = z
  .object({
    deleted: flag,
    deletedOnly: flag,
    deletedAsNegative: flag,
    latestOnly: flag,
    subject: last.optional(),
    subjectPrefix: last.optional(),
    offset: count.default(0),
    limit: count.default(-1),
  })
  .transform(({ deleted, deletedOnly, deletedAsNegative, offset, limit, ...rest }) => ({
    list: {
      visibility: deletedOnly ? "deleted" : deleted || deletedAsNegative ? "all" : "live",
      offset: Math.max(0, offset),
      ...(limit >= 0 && { limit }),
    } satisfies ListOptions,
    deletedAsNegative,
    latestOnly: rest.latestOnly,
    hint: rest.subject === undefined ? {} : { subject: rest.subject },
    prefix: rest.subjectPrefix === undefined ? {} : { subjectPrefix: rest.subjectPrefix },
  }));

export const schemaReference = z.object({ name: z.string(), subject: z.string(), version: z.number().int() });

const metadata = z.object({
  tags: z.record(storable, z.array(storable)).nullish(),
  properties: z.record(storable, storable).nullish(),
  sensitive: z.array(storable).nullish(),
});

export const schemaBody = z.object({
  schema: z.string().nullish(),
  schemaType: z.string().nullish(),
  references: z.array(schemaReference).nullish(),
  metadata: metadata.nullish(),
  ruleSet: z.unknown().optional(),
  id: z.number().int().nullish(),
  version: z.number().int().nullish(),
});

export const configBody = z.object({ compatibility: z.unknown().optional() });
export const modeBody = z.object({ mode: z.unknown().optional() });

/** A body as the domain wants it; -1 means "not given" in Confluent's clients. */
export function schemaRequest(body: z.output<typeof schemaBody>, normalize: boolean): SchemaRequest {
  const { schema, schemaType, references, metadata: noted, ruleSet, id, version } = body;
  if (ruleSet !== undefined && ruleSet !== null) {
    throw new RegistryError(
      "rule-set-invalid",
      "Invalid rule set: this registry runs no rules; leave ruleSet out",
    );
  }
  return {
    schema: schema ?? "",
    references: references ?? [],
    normalize,
    ...(noted && { metadata: definedMembers(noted) }),
    ...(typeof schemaType === "string" && schemaType !== "" && { schemaType }),
    ...(typeof id === "number" && id !== -1 && { id: requireId(id) }),
    ...(typeof version === "number" && version > 0 && { version }),
  };
}

/** An id in a path; what is no number is no path of the registry. */
export function pathId(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new RegistryError("not-found", "HTTP 404 Not Found: an id is a number");
}

function requireId(id: number): number {
  if (id >= 1 && id < 2 ** 31) return id;
  throw new RegistryError("request-invalid", `id must be between 1 and 2^31-1, not ${id}`);
}

function definedMembers(noted: z.output<typeof metadata>): SchemaMetadata {
  const { tags, properties, sensitive } = noted;
  return { ...(tags && { tags }), ...(properties && { properties }), ...(sensitive && { sensitive }) };
}

import { z } from "zod";
import { differenceKinds } from "../avro/difference.ts";

// For the OpenAPI page and the types of handlers; answers are written as they are, without a check.

const failureSchema = z.object({
  error_code: z.number().int().describe("Confluent's code; its first three digits are the status"),
  message: z.string(),
});

export function answers<Schema extends z.ZodType>(schema: Schema) {
  return { 200: schema, "4xx": failureSchema };
}

const reference = z.object({ name: z.string(), subject: z.string(), version: z.number().int() });

const metadata = z.object({
  tags: z.record(z.string(), z.array(z.string()).readonly()).exactOptional(),
  properties: z.record(z.string(), z.string()).exactOptional(),
  sensitive: z.array(z.string()).readonly().exactOptional(),
});

const content = {
  schema: z.string().describe("Canonical schema text"),
  references: z.array(reference).readonly().exactOptional(),
  metadata: metadata.exactOptional(),
  guid: z.string(),
};

export const schemaShape = z.object(content);

export const versionShape = z.object({
  subject: z.string(),
  version: z.number().int(),
  id: z.number().int(),
  ...content,
  schemaType: z.string().exactOptional(),
  deleted: z.literal(true).exactOptional(),
  ts: z.number().int().describe("When it was registered, in milliseconds"),
  author: z.string().exactOptional(),
});

const kind = z.enum(differenceKinds);

export const incompatibilityShape = z.object({
  kind,
  path: z.string().describe("JSON pointer into the reader's schema"),
  message: z.string(),
  hint: z.string().describe("How to make the change compatible"),
  readerFragment: z.string(),
  writerFragment: z.string(),
  nested: z.array(z.unknown()).readonly().exactOptional().describe("Reasons of the closest union branch"),
});

const reason = z.object({
  ...incompatibilityShape.shape,
  version: z.number().int().describe("The earlier version"),
  direction: z.enum(["backward", "forward"]),
});

const warning = z.object({
  rule: z.string(),
  path: z.string().describe("JSON pointer into the schema"),
  message: z.string(),
  hint: z.string(),
  version: z.number().int().exactOptional().describe("The earlier version that it is about"),
  direction: z.enum(["backward", "forward"]).exactOptional(),
});

const warnings = z
  .array(warning)
  .readonly()
  .exactOptional()
  .describe("What clients in JavaScript cannot do with the schema, though it is legal");

export const changeShape = z.object({
  change: z.enum(["added", "removed", "changed", "renamed"]),
  element: z.enum(["type", "field", "symbol", "branch", "attribute"]),
  type: z.string().describe("Full name of the type that changes or holds the change"),
  field: z.string().exactOptional(),
  name: z.string(),
  path: z.string().describe("JSON pointer into the later schema; for what was removed, into the earlier one"),
  before: z.string().exactOptional(),
  after: z.string().exactOptional(),
});

export const affectedReaderShape = z.object({
  application: z.string(),
  type: z.string().describe("Full name of the record"),
  field: z.string(),
  fallback: z
    .string()
    .nullable()
    .describe("The default that it takes instead, or null: it cannot read the data"),
  announcedAt: z.string(),
  supersededAt: z.string().nullable(),
});

export const verdictShape = z.object({
  is_compatible: z.boolean(),
  messages: z.array(z.string()).readonly(),
  incompatibilities: z.array(reason).readonly().exactOptional(),
  warnings,
});

const level = z.string().describe("NONE, or BACKWARD, FORWARD or FULL with or without _TRANSITIVE");

export const schemaSchema = answers(
  z.object({
    ...content,
    subject: z.string().exactOptional(),
    version: z.number().int().exactOptional(),
    maxId: z.number().int().exactOptional(),
  }),
);
export const versionSchema = answers(versionShape);
export const registeredSchema = answers(z.object({ ...versionShape.shape, warnings }));
export const versionListSchema = answers(z.array(versionShape).readonly());
export const verdictSchema = answers(verdictShape);
export const levelAnswer = answers(z.object({ compatibilityLevel: level }));
export const configAnswer = answers(z.object({ compatibility: level }));
export const modeAnswer = answers(z.object({ mode: z.string() }));
export const listAnswer = answers(z.array(z.unknown()).readonly());
export const numbersAnswer = answers(z.array(z.number().int()).readonly());
export const numberAnswer = answers(z.number().int());
export const textAnswer = answers(z.string().describe("A schema, which is JSON itself"));
export const emptyAnswer = answers(z.object({}));

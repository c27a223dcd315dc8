import { z } from "zod";
import { differenceKinds } from "../avro/difference.ts";
import { compatibilityLevels } from "../compatibility/compatibility-level.ts";
import { parseMode } from "../registry/registry-mode.ts";
import type { JavaScriptWarning } from "../javascript/javascript-warning.ts";
import type { RefusalReason } from "../registry/schema-refusal.ts";
import { InvalidSchemaError, RegistryRequestError, SchemaRefusedError } from "./registry-client-errors.ts";
import type { RefusedResponse } from "./registry-transport.ts";

// Read with tolerance: other registries leave members out and add their own.
const references = z
  .array(z.object({ name: z.string(), subject: z.string(), version: z.number() }))
  .nullish()
  .transform((list) => list ?? []);

export const versionAnswer = z.object({
  subject: z.string(),
  id: z.number(),
  version: z.number(),
  schema: z.string(),
  references,
});

/** A registry that answers something else there gives no warnings. */
const warnings: z.ZodType<readonly JavaScriptWarning[]> = z
  .array(
    z.object({
      rule: z.enum([
        "empty-union",
        "empty-enum",
        "default-of-later-branch",
        "default-not-read",
        "name-not-usable",
        "namespace-moved",
      ]),
      path: z.string(),
      message: z.string(),
      hint: z.string(),
      version: z.number().exactOptional(),
      direction: z.enum(["backward", "forward"]).exactOptional(),
    }),
  )
  .catch([]);

export const registerAnswer = z.object({
  id: z.number(),
  version: z.number().optional(),
  schema: z.string().optional(),
  references,
  warnings,
});

export const schemaAnswer = z.object({ schema: z.string() });

export const versionsAnswer = z.array(z.number());

const levelAnswer = z.enum(compatibilityLevels);

export const configAnswer = z.object({ compatibilityLevel: levelAnswer });

/** Confluent knows a read-only mode that its own tools may override. */
const mode = z.string().transform((text) => (text === "READONLY_OVERRIDE" ? "READONLY" : parseMode(text)));

export const modeAnswer = z.object({ mode });

const metadata = z.object({
  tags: z.record(z.string(), z.array(z.string())).exactOptional(),
  properties: z.record(z.string(), z.string()).exactOptional(),
  sensitive: z.array(z.string()).exactOptional(),
});

const timestamp = z
  .number()
  .nullish()
  .transform((milliseconds) => (typeof milliseconds === "number" ? new Date(milliseconds) : null));

/** A version as the lists have it; authors, times and deletion are not told by every registry. */
export const detailsAnswer = z
  .object({
    ...versionAnswer.shape,
    schemaType: z
      .string()
      .nullish()
      .transform((type) => type ?? "AVRO"),
    metadata: metadata.nullish().catch(null),
    deleted: z.boolean().nullish(),
    author: z.string().nullish(),
    ts: timestamp,
  })
  .transform(({ metadata: noted, deleted, author, ts, ...version }) => ({
    ...version,
    metadata: noted ?? null,
    deleted: deleted ?? false,
    author: author ?? null,
    registeredAt: ts,
  }));

const time = z.string().transform((text) => new Date(text));

export const readersAnswer = z.array(
  z.object({
    application: z.string(),
    schema: z.string(),
    references,
    announcedAt: time,
    supersededAt: time.nullable(),
  }),
);

export const importSummary = z.object({
  dryRun: z.boolean(),
  versions: z.object({ added: z.number(), present: z.number() }),
  settings: z.object({ added: z.number(), present: z.number(), differing: z.array(z.string()) }),
});

const kind = z.enum(differenceKinds);

const incompatibility = z.object({
  kind,
  path: z.string(),
  message: z.string(),
  hint: z.string(),
  readerFragment: z.string(),
  writerFragment: z.string(),
  get nested() {
    return z.array(incompatibility).exactOptional();
  },
});

const reason = z.object({
  ...incompatibility.shape,
  version: z.number(),
  direction: z.enum(["backward", "forward"]),
});

/** Other registries send text only, and a list that does not fit is worth less than the text beside it. */
const reasons: z.ZodType<readonly RefusalReason[]> = z.array(reason).catch([]);

export const checkAnswer = z.object({
  is_compatible: z.boolean(),
  messages: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
  incompatibilities: reasons,
  warnings,
});

const refusalBody = z.object({ incompatibilities: reasons });

/** The typed error for an answer that is not a success. */
export function refusalError(response: RefusedResponse, subject: string): RegistryRequestError {
  const { status, errorCode, message, body } = response;
  if (status === 409) {
    const parsed = refusalBody.safeParse(body);
    return new SchemaRefusedError(message, {
      errorCode,
      subject,
      reasons: parsed.success ? parsed.data.incompatibilities : [],
    });
  }
  if (errorCode === 42201 || errorCode === 42209) {
    return new InvalidSchemaError(message, { errorCode, subject });
  }
  return new RegistryRequestError(message, { errorCode });
}

import { z } from "zod";
import { RegistryError } from "../errors.ts";
import { parseLevel } from "../registry/level-name.ts";
import { parseMode } from "../registry/registry-mode.ts";
import type { TransferEntry } from "./transfer-entry.ts";

// What PostgreSQL cannot store as text or jsonb.
const storable = z.string().regex(/^[^\0\p{Surrogate}]*$/u, "holds a character that cannot be stored");

const positive = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const level = z.string().transform((text) => parseLevel(text));
const mode = z.string().transform((text) => parseMode(text));

const reference = z.object({ name: storable, subject: storable, version: positive });

const metadata = z.object({
  tags: z.record(storable, z.array(storable)).exactOptional(),
  properties: z.record(storable, storable).exactOptional(),
  sensitive: z.array(storable).exactOptional(),
});

const entry = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("registry"), format: z.literal(1), exportedAt: z.string() }),
  z.object({
    kind: z.literal("version"),
    subject: storable,
    version: positive,
    id: positive,
    schema: z.string(),
    references: z.array(reference).default([]),
    metadata: metadata.nullable().default(null),
    deleted: z.boolean().default(false),
    author: storable.nullable().default(null),
    registeredAt: z.iso.datetime({ offset: true }).nullable().default(null),
  }),
  z.object({
    kind: z.literal("setting"),
    scope: storable,
    compatibility: level.nullable().default(null),
    mode: mode.nullable().default(null),
  }),
  z.object({ kind: z.literal("end"), versions: z.int(), settings: z.int() }),
]) satisfies z.ZodType<TransferEntry>;

/** One line of an export; lines of other kinds and members that are not known are an error of a newer format. */
export function parseTransferLine(text: string, line: number): TransferEntry {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid(line, "is not JSON", cause);
  }
  try {
    return entry.parse(json);
  } catch (cause) {
    throw invalid(line, reasonOf(cause), cause);
  }
}

export function formatTransferLine(line: TransferEntry): string {
  return `${JSON.stringify(line)}\n`;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof z.ZodError))
    return `is not valid: ${cause instanceof Error ? cause.message : String(cause)}`;
  return cause.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`).join("; ");
}

function invalid(line: number, reason: string, cause: unknown): RegistryError {
  return new RegistryError("request-invalid", `Line ${line} of the import: ${reason}`, { cause });
}

// A schema of the largest size, escaped, with its references.
const longestLine = 16 * 1_048_576;

/** The lines of a stream of UTF-8 bytes, without empty ones. */
export async function* readTransferLines(
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let line = 0;
  for await (const chunk of chunks) {
    const parts = (rest + (typeof chunk === "string" ? chunk : decode(decoder, chunk, line))).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > longestLine)
      throw invalid(line + 1, `is longer than ${longestLine} characters`, undefined);
    for (const text of parts) {
      line += 1;
      if (text.trim() !== "") yield { line, text };
    }
  }
  if (rest.trim() !== "") yield { line: line + 1, text: rest };
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array, line: number): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw invalid(line + 1, "is not UTF-8", cause);
  }
}

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { z } from "zod";
import { TidemarkError } from "../errors.ts";
import type { LogEntry } from "./log-entry.ts";

const whole = z
  .string()
  .regex(/^\d{1,19}$/, "must be a whole number in quotes")
  .transform(BigInt);
const bytes = z.base64().transform((text): Uint8Array => Buffer.from(text, "base64"));

const entry = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("log"),
    format: z.literal(1, "is of a newer format than this version reads"),
    storeId: z.string(),
    tenant: z.string(),
    after: whole,
  }),
  z.object({
    kind: z.literal("schema"),
    sha256: z.string(),
    subject: z.string(),
    version: z.int(),
    text: z.string(),
  }),
  z.object({
    kind: z.literal("event"),
    position: whole,
    eventId: z.uuid().toLowerCase(),
    streamId: z.string(),
    revision: whole,
    type: z.string(),
    eventVersion: z.int(),
    sha256: z.string(),
    recordedAt: z.iso.datetime().transform((text) => new Date(text)),
    correlationId: z.uuid().nullable(),
    causationId: z.uuid().nullable(),
    data: bytes,
    meta: bytes,
  }),
  z.object({ kind: z.literal("end"), events: whole, erased: whole, scannedTo: whole }),
]);

/** One entry as a line of JSON, without its line feed: numbers of 64 bits as text, bytes as base64. */
export function toJsonLine(value: LogEntry): string {
  const plain = Object.entries(value).map(([name, field]: [string, unknown]) => {
    if (typeof field === "bigint") return [name, String(field)];
    return [name, field instanceof Uint8Array ? Buffer.from(field).toString("base64") : field];
  });
  return JSON.stringify(Object.fromEntries(plain));
}

/**
 * The entries of a file of JSON lines, one at a time.
 *
 * @throws TidemarkError `import-invalid` naming line, field and rule.
 */
export async function* readJsonLines(input: Readable): AsyncGenerator<LogEntry, void, undefined> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() !== "") yield parseLine(text, line);
  }
}

function parseLine(text: string, line: number): LogEntry {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(`line ${line}`, "is not JSON", error);
  }
  return parseLogEntry(json, `line ${line}`);
}

/** @param place of the entry, for the error */
export function parseLogEntry(value: unknown, place: string): LogEntry {
  const parsed = entry.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(
    place,
    `${issue?.path.join(".") || "the entry"} ${issue?.message ?? "is not known"}`,
    parsed.error,
  );
}

function invalid(place: string, reason: string, cause: unknown): TidemarkError {
  return new TidemarkError(
    "import-invalid",
    `The export cannot be read at ${place}: ${reason}. Export the log again.`,
    { cause, details: { place } },
  );
}

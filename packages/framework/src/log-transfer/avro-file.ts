import { Readable } from "node:stream";
import avsc from "avsc";
import { z } from "zod";
import { TidemarkError } from "../errors.ts";
import { parseLogEntry } from "./json-lines.ts";
import type { LogEntry } from "./log-entry.ts";

const optionalText = ["null", "string"];

/** Readable by every Avro library: an entry is one of four records. */
const type = avsc.Type.forSchema(
  {
    type: "record",
    name: "LogEntry",
    namespace: "tidemark",
    fields: [
      {
        name: "entry",
        type: [
          {
            type: "record",
            name: "Log",
            fields: [
              { name: "format", type: "int" },
              { name: "storeId", type: "string" },
              { name: "tenant", type: "string" },
              { name: "after", type: "long" },
            ],
          },
          {
            type: "record",
            name: "Schema",
            fields: [
              { name: "sha256", type: "string" },
              { name: "subject", type: "string" },
              { name: "version", type: "int" },
              { name: "text", type: "string" },
            ],
          },
          {
            type: "record",
            name: "Event",
            fields: [
              { name: "position", type: "long" },
              { name: "eventId", type: "string" },
              { name: "streamId", type: "string" },
              { name: "revision", type: "long" },
              { name: "type", type: "string" },
              { name: "eventVersion", type: "int" },
              { name: "sha256", type: "string" },
              { name: "recordedAt", type: { type: "long", logicalType: "timestamp-millis" } },
              { name: "correlationId", type: optionalText },
              { name: "causationId", type: optionalText },
              { name: "data", type: "bytes" },
              { name: "meta", type: "bytes" },
            ],
          },
          {
            type: "record",
            name: "End",
            fields: [
              { name: "events", type: "long" },
              { name: "erased", type: "long" },
              { name: "scannedTo", type: "long" },
            ],
          },
        ],
      },
    ],
  },
  { wrapUnions: "auto" },
);

const recordNames = {
  log: "tidemark.Log",
  schema: "tidemark.Schema",
  event: "tidemark.Event",
  end: "tidemark.End",
} as const;

/** The bytes of an Avro container file (null codec) with these entries. */
export function toAvroFile(entries: AsyncIterable<LogEntry>): Readable {
  const encoder = new avsc.streams.BlockEncoder(type);
  return Readable.from(entries, { objectMode: true, highWaterMark: 100 }).map(toRecord).compose(encoder);
}

function toRecord({ kind, ...fields }: LogEntry): unknown {
  const plain = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    if (typeof value === "bigint") return [name, Number(value)];
    if (value instanceof Date) return [name, value.getTime()];
    return [name, value instanceof Uint8Array ? Buffer.from(value) : value];
  });
  return { entry: { [recordNames[kind]]: Object.fromEntries(plain) } };
}

/**
 * The entries of an Avro container file, one at a time.
 *
 * @throws TidemarkError `import-invalid` when it is no such file, or of another schema.
 */
export async function* readAvroFile(input: Readable): AsyncGenerator<LogEntry, void, undefined> {
  const decoder = new avsc.streams.BlockDecoder({ parseHook: ownType });
  let records = 0;
  try {
    for await (const record of input.compose(decoder)) {
      records += 1;
      yield parseLogEntry(fromRecord(record), `record ${records}`);
    }
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TidemarkError(
      "import-invalid",
      `The export cannot be read behind its record ${records}: ${reason}. It must be a file of tidemark log export.`,
      { cause: error },
    );
  }
}

/** Another schema would decode to plausible nonsense. */
function ownType(schema: unknown): avsc.Type {
  // The header is JSON of anybody's making; `forSchema` is what checks it.
  const found = avsc.Type.forSchema(schema as avsc.Schema);
  if (JSON.stringify(found.schema()) === JSON.stringify(type.schema())) return type;
  throw new Error("it has another schema");
}

const branches = z.object({ entry: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** A record in the form of a JSON line. */
function fromRecord(record: unknown): unknown {
  const [branch] = Object.entries(branches.parse(plain(record)).entry);
  const [name, fields] = branch ?? [];
  const kind = Object.entries(recordNames).find(([, recordName]) => recordName === name)?.[0];
  return { ...fields, kind };
}

const texts = new Set(["after", "position", "revision", "events", "erased", "scannedTo"]);

/** avsc's records are instances of classes of their own. */
function plain(value: unknown, field = ""): unknown {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (typeof value === "number") {
    if (field === "recordedAt") return new Date(value).toISOString();
    return texts.has(field) ? String(value) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner, name)]));
}

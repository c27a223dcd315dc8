import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { readBankCsv } from "./bank-csv.ts";
import { detectFormat } from "./detect-format.ts";
import { readJournal } from "./journal.ts";
import type { SourceFormat, SourceRecord } from "./source-record.ts";

const headBytes = 65_536;

export interface SourceFile {
  readonly format: SourceFormat;
  readonly totalBytes: number;
  /** How much of the file has been taken in so far, for a progress bar. */
  bytesRead(): number;
  /** Can be read once. */
  readonly records: AsyncIterable<SourceRecord>;
}

/** Says in one sentence why a file cannot be imported at all, and what to do. */
export class SourceFileError extends Error {
  override readonly name = "SourceFileError";
}

function describe(path: string, error: unknown): SourceFileError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reasons: Record<string, string> = {
    ENOENT: "does not exist: check the path, it is relative to the folder you stand in",
    EACCES: "may not be read by this user: change its permissions",
    EISDIR: "is a folder: name a file in it",
  };
  const reason = reasons[String(code)] ?? `cannot be read (${String(code ?? error)})`;
  return new SourceFileError(`${path} ${reason}`, { cause: error });
}

async function readHead(path: string): Promise<{ head: Uint8Array; size: number }> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    // A cut-off last line could be taken for something that it is not.
    const end = bytesRead < headBytes ? bytesRead : buffer.lastIndexOf(0x0a) + 1 || bytesRead;
    return { head: buffer.subarray(0, end), size };
  } finally {
    await file.close();
  }
}

/**
 * Opens a file for import, in the given format or in the one that its content shows. Throws {@link SourceFileError}
 * when it cannot be read or its format cannot be told.
 */
export async function openSourceFile(
  path: string,
  options: { readonly format?: SourceFormat | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<SourceFile> {
  const { head, size } = await readHead(path).catch((error: unknown) => {
    throw describe(path, error);
  });
  if (size === 0) throw new SourceFileError(`${path} is empty: there is nothing to import`);
  const format = options.format ?? detectFormat(head);
  if (format === null) {
    throw new SourceFileError(
      `${path} is neither a bank CSV (its first line must name the columns) nor a journal: ` +
        "say which with --format bank-csv or --format journal",
    );
  }
  let bytes = 0;
  // Opened by the first read: a stream that nobody reads would keep its file open.
  async function* chunks(): AsyncGenerator<Buffer> {
    const stream: AsyncIterable<Buffer> = createReadStream(path);
    for await (const chunk of stream) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  const read = format === "bank-csv" ? readBankCsv : readJournal;
  return { format, totalBytes: size, bytesRead: () => bytes, records: read(chunks(), options) };
}

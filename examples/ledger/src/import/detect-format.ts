import { isBankCsvHeader } from "./bank-csv-row.ts";
import { findDirective } from "./journal/journal-directive.ts";
import type { SourceFormat } from "./source-record.ts";

const entryHeader = /^(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}[-/.]\d{1,2})(?:=[\d./-]+)?(?:[ \t]|$)/;

function looksLikeJournal(lines: readonly string[]): boolean {
  let recognized = false;
  for (const line of lines) {
    if (entryHeader.test(line)) return true;
    if (/^[\s#*%|]/.test(line)) continue;
    const directive = line.startsWith(";") ? ";" : findDirective(line)?.name;
    if (directive === undefined) return false;
    // "A" and its like begin a sentence as well as a directive.
    if (!/^[A-CE-OQ-X]$/.test(directive)) recognized = true;
  }
  return recognized;
}

/**
 * Tells the format of a source by its beginning (some 64 KiB), never by the file's name; null when it is neither.
 * A bank CSV begins with its header; a journal with comments and directives, if any, and then an entry.
 */
export function detectFormat(head: string | Uint8Array): SourceFormat | null {
  const text = typeof head === "string" ? head.replace(/^\ufeff/, "") : new TextDecoder("utf-8").decode(head);
  if (text.includes("\u0000")) return null;
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const first = lines[0];
  if (first === undefined) return null;
  if (isBankCsvHeader(first.split(";").map((field) => field.trim().replace(/^"(.*)"$/, "$1"))))
    return "bank-csv";
  return looksLikeJournal(lines) ? "journal" : null;
}

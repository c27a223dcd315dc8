import { parse } from "csv-parse/sync";
import { bankCsvHeader, BankRowError, isBankCsvHeader, readBankRow } from "./bank-csv-row.ts";
import { readLines, type SourceChunks, type SourceLine } from "./source-lines.ts";
import type { ProblemRecord, SkippedRecord, TransactionRecord } from "./source-record.ts";

export type BankCsvRecord = TransactionRecord | ProblemRecord | SkippedRecord;

interface Row {
  readonly line: number;
  /** Or why the line is no row. */
  readonly fields: readonly string[] | { readonly reason: string };
}

const wellQuoted = /^(?:[^";]*|"(?:[^"]|"")*")(?:;(?:[^";]*|"(?:[^"]|"")*"))*$/;

/** No field of this format spans lines, so a stray quote damages its own line only and not those that follow. */
function describeDamage({ text, fault }: SourceLine): string | null {
  if (fault !== null) return `The line ${fault}`;
  return wellQuoted.test(text)
    ? null
    : "A quote in the line is not closed, or stands in the middle of a field";
}

function parseRows(lines: readonly SourceLine[]): Row[] {
  const before = (lines[0]?.number ?? 1) - 1;
  const rows: Row[] = [];
  const sound = lines.map((line) => {
    const reason = describeDamage(line);
    if (reason !== null) rows.push({ line: line.number, fields: { reason } });
    return reason !== null || line.text.trim() === "" ? "" : line.text;
  });
  parse(sound.join("\n"), {
    delimiter: ";",
    record_delimiter: "\n",
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (fields: readonly string[], { lines: line }) => {
      rows.push({ line: before + line, fields });
      return null;
    },
  });
  return rows.sort((left, right) => left.line - right.line);
}

function readRow({ line, fields }: Row): BankCsvRecord {
  if ("reason" in fields) return { kind: "problem", line, reason: fields.reason };
  try {
    return readBankRow(fields, line);
  } catch (error) {
    if (!(error instanceof BankRowError)) throw error;
    return { kind: "problem", line, reason: error.message };
  }
}

/**
 * Reads the bank's transactions (`trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account`) as a
 * stream, in file order. A row that cannot be understood becomes a problem and reading goes on. Without the header,
 * one problem is all that comes. A row of 0.00 is skipped: it changes no balance and no deposit of nothing exists, so
 * it must not make an otherwise good import fail. The `balance` column is never looked at.
 *
 * Throws only what `source` throws, and the reason of `signal` when it is aborted.
 */
export async function* readBankCsv(
  source: SourceChunks,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<BankCsvRecord> {
  let hasHeader = false;
  for await (const lines of readLines(source, options)) {
    const rows = parseRows(lines);
    if (!hasHeader) {
      const header = rows.shift();
      if (header === undefined) continue;
      if ("reason" in header.fields || !isBankCsvHeader(header.fields)) {
        yield { kind: "problem", line: header.line, reason: `The first line must be ${bankCsvHeader}` };
        return;
      }
      hasHeader = true;
    }
    for (const row of rows) yield readRow(row);
  }
}

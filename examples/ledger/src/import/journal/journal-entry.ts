import type { EntryRecord, SkippedRecord } from "../source-record.ts";
import { balancePostings } from "./balance-postings.ts";
import type { JournalBlock } from "./journal-block.ts";
import type { JournalContext } from "./journal-context.ts";
import { readJournalDate } from "./journal-date.ts";
import { readPosting, type JournalPosting } from "./journal-posting.ts";
import { JournalSyntaxError, quote } from "./journal-syntax-error.ts";

const header = /^([\d./-]+)(?:=([\d./-]+))?(?=[\s;]|$)(.*)$/s;
const mark = /^[*!]\s*/;
const code = /^\(([^)]*)\)\s*/;

interface EntryHeader {
  readonly date: string;
  readonly code: string;
  readonly description: string;
}

function readHeader(text: string, context: JournalContext): EntryHeader {
  const parts = header.exec(text);
  if (parts === null) {
    const word = /^\S*/.exec(text)?.[0] ?? "";
    throw new JournalSyntaxError(`An entry begins with a date and a space, not with ${quote(word)}`);
  }
  const [, written = "", secondary, behind = ""] = parts;
  const date = readJournalDate(written, context.defaultYear);
  // The ledger has one date an entry; the second one is only checked.
  if (secondary !== undefined) readJournalDate(secondary, Number(date.slice(0, 4)));
  const [beforeComment = ""] = behind.split(";", 1);
  const unmarked = beforeComment.trim().replace(mark, "");
  return {
    date,
    code: code.exec(unmarked)?.[1]?.trim() ?? "",
    description: unmarked.replace(code, "").trim(),
  };
}

function readPostings(block: JournalBlock, context: JournalContext): JournalPosting[] {
  return block.body.flatMap(({ number, text }) => {
    try {
      return readPosting(number, text, context) ?? [];
    } catch (error) {
      if (error instanceof JournalSyntaxError) throw new JournalSyntaxError(error.message, number);
      throw error;
    }
  });
}

function skippedParts(postings: readonly JournalPosting[]): SkippedRecord[] {
  return postings.flatMap(({ line, kind, hasAssertion, amount }): SkippedRecord[] => {
    if (kind === "virtual") return [{ kind: "skipped", line, directive: "virtual posting" }];
    const zero = amount?.amount.unscaled === 0n;
    return [
      ...(zero ? [{ kind: "skipped", line, directive: "posting of zero" } as const] : []),
      ...(hasAssertion ? [{ kind: "skipped", line, directive: "balance assertion" } as const] : []),
    ];
  });
}

/**
 * Reads a block whose head begins with a digit. The entry is null when it moves nothing. `identify` is called with
 * the text that makes the entry the same one in a later import: status marks, comments, balance assertions, virtual
 * postings and spacing are no part of it, so they can change without the entry being imported again.
 */
export function readEntry(
  block: JournalBlock,
  context: JournalContext,
  identify: (text: string) => string,
): { entry: EntryRecord | null; skipped: SkippedRecord[] } {
  const line = block.head.number;
  const { date, code, description } = readHeader(block.head.text, context);
  const written = readPostings(block, context);
  const postings = balancePostings(written);
  const skipped = skippedParts(written);
  if (postings.length === 0) {
    return {
      entry: null,
      skipped: [...skipped, { kind: "skipped", line, directive: "entry without amounts" }],
    };
  }
  const lines = written.filter(({ kind }) => kind !== "virtual").map(({ identity }) => identity);
  const sourceId = identify([date, code, description, ...lines].join("\n"));
  return { entry: { kind: "entry", sourceId, line, date, description, postings }, skipped };
}

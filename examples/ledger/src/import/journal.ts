import { readBlocks, type JournalBlock } from "./journal/journal-block.ts";
import { createEntryIdentity } from "./journal/entry-identity.ts";
import { createJournalContext, type JournalContext } from "./journal/journal-context.ts";
import { readDirective } from "./journal/journal-directive.ts";
import { readEntry } from "./journal/journal-entry.ts";
import { JournalSyntaxError } from "./journal/journal-syntax-error.ts";
import type { SourceChunks } from "./source-lines.ts";
import type { EntryRecord, ProblemRecord, SkippedRecord } from "./source-record.ts";

export type JournalRecord = EntryRecord | ProblemRecord | SkippedRecord;

/** Refuses a block that its lines already show to be damaged. */
function requireSound({ head, body, stray, truncated }: JournalBlock): void {
  const faulty = [head, ...body].find(({ fault }) => fault !== null);
  if (faulty !== undefined) throw new JournalSyntaxError(`The line ${faulty.fault}`, faulty.number);
  if (truncated) throw new JournalSyntaxError(`The entry has more than ${body.length} lines: split it`);
  if (stray === head) throw new JournalSyntaxError("The indented line belongs to no entry");
  if (stray !== null) {
    throw new JournalSyntaxError(
      `The indented line belongs to no entry, because a blank line or a comment ends the one of line ${head.number}; ` +
        "that one is left out too",
      stray.number,
    );
  }
}

function readBlock(
  block: JournalBlock,
  context: JournalContext,
  identify: (text: string) => string,
): JournalRecord[] {
  const line = block.head.number;
  try {
    requireSound(block);
    if (/^\d/.test(block.head.text)) {
      const { entry, skipped } = readEntry(block, context, identify);
      return entry === null ? skipped : [entry, ...skipped];
    }
    return [{ kind: "skipped", line, directive: readDirective(block, context) }];
  } catch (error) {
    if (!(error instanceof JournalSyntaxError)) throw error;
    return [{ kind: "problem", line: error.line ?? line, reason: error.message }];
  }
}

/**
 * Reads a plain-text accounting journal (hledger, Ledger) as a stream. Each entry is yielded when it is complete, in
 * file order; an entry that cannot be understood becomes a problem and reading goes on at the next line that is not
 * indented. Nothing is rounded, and no amount is guessed where hledger and Ledger would disagree.
 *
 * Throws only what `source` throws, and the reason of `signal` when it is aborted.
 *
 * @example
 * for await (const record of readJournal(createReadStream("household.journal"))) {
 *   if (record.kind === "problem") console.error(`household.journal:${record.line}: ${record.reason}`);
 * }
 */
export async function* readJournal(
  source: SourceChunks,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<JournalRecord> {
  const context = createJournalContext();
  const identify = createEntryIdentity();
  for await (const blocks of readBlocks(source, options)) {
    for (const block of blocks) yield* readBlock(block, context, identify);
  }
}

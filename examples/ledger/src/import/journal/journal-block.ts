import { readLines, type SourceChunks, type SourceLine } from "../source-lines.ts";

/** A line that begins in the first column, with the indented lines below it. */
export interface JournalBlock {
  readonly head: SourceLine;
  readonly body: readonly SourceLine[];
  /** An indented line behind the block's end (a blank line or a comment), which belongs to nothing. */
  readonly stray: SourceLine | null;
  /** Whether lines were left out of `body`, beyond `maxBlockLines`. */
  readonly truncated: boolean;
}

/** More postings than an event can carry; it bounds the memory for hostile input. */
const maxBlockLines = 5_000;

interface OpenBlock {
  head: SourceLine;
  body: SourceLine[];
  stray: SourceLine | null;
  truncated: boolean;
  closed: boolean;
}

const comment = /^[;#*%|]/;
const indented = /^[ \t]/;
const indentedComment = /^\s*;/;
const multiLineStart = /^[!@]?(comment|test)\s*$/;

/**
 * Groups lines into blocks; comments between blocks are dropped. A block is yielded when the next one begins, because
 * only then it is known whether stray lines follow it: an entry that was cut in two by a blank line must not be
 * recorded by its first half.
 */
export async function* readBlocks(
  source: SourceChunks,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<readonly JournalBlock[]> {
  let block: OpenBlock | null = null;
  let multiLineEnd: RegExp | null = null;

  function start(head: SourceLine): OpenBlock {
    return { head, body: [], stray: null, truncated: false, closed: false };
  }

  function addIndented(line: SourceLine): void {
    if (block === null) {
      if (indentedComment.test(line.text)) return;
      block = { ...start(line), stray: line, closed: true };
    } else if (block.closed) {
      if (!indentedComment.test(line.text)) block.stray ??= line;
    } else if (block.body.length >= maxBlockLines) block.truncated = true;
    else block.body.push(line);
  }

  /** Returns the block that this line completes. */
  function add(line: SourceLine): OpenBlock | null {
    const { text } = line;
    if (multiLineEnd !== null) {
      if (multiLineEnd.test(text)) multiLineEnd = null;
      return null;
    }
    if (text.trim() === "" || comment.test(text)) {
      if (block !== null) block.closed = true;
      return null;
    }
    if (indented.test(text)) {
      addIndented(line);
      return null;
    }
    const complete = block;
    block = start(line);
    const multiLine = multiLineStart.exec(text)?.[1];
    if (multiLine !== undefined) {
      multiLineEnd = new RegExp(`^[!@]?end ${multiLine}\\s*$`);
      block.closed = true;
    }
    return complete;
  }

  for await (const lines of readLines(source, options)) {
    const complete = lines.map(add).filter((each) => each !== null);
    if (complete.length > 0) yield complete;
  }
  if (block !== null) yield [block];
}

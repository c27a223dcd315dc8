/**
 * Ends the reading of one entry or directive. It never leaves `readJournal`, which turns it into a problem record.
 * `line` is null where the place is the block's first line.
 */
export class JournalSyntaxError extends Error {
  override readonly name = "JournalSyntaxError";
  readonly line: number | null;

  constructor(reason: string, line: number | null = null) {
    super(reason);
    this.line = line;
  }
}

/** Shortens a text from the file so that a reason stays one readable sentence. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

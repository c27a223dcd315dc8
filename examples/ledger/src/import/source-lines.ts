/** The bytes or the text of a source, in chunks that may be cut anywhere. Bytes are read as UTF-8. */
export type SourceChunks = AsyncIterable<string | Uint8Array>;

export interface SourceLine {
  /** From 1. */
  readonly number: number;
  /** Without its line ending. When `fault` says that the line is too long, only its beginning. */
  readonly text: string;
  /** Why the line cannot be trusted, as the end of a sentence that begins with "the line"; otherwise null. */
  readonly fault: string | null;
}

/** Longer lines are reported, not read: no real record comes near, and it bounds the memory for hostile input. */
const maxLineLength = 65_536;

const keptOfLongLine = 100;
const nul = "\u0000";
const replacementCharacter = "\ufffd";
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for.
const untrusted = /[\u0000-\u0008\u000b-\u001f\u007f\ufffd\p{Surrogate}]/u;

function describeFault(text: string): string | null {
  // A form feed alone on its line is the page break that some editors insert.
  if (!untrusted.test(text) || text.trim() === "") return null;
  if (text.includes(nul)) return "contains a NUL byte: save the file as UTF-8 text";
  if (text.includes(replacementCharacter)) return "is not valid UTF-8: save the file as UTF-8 text";
  return "contains a control character: remove it";
}

function toLine(number: number, raw: string): SourceLine {
  if (raw.length > maxLineLength) {
    return {
      number,
      text: raw.slice(0, keptOfLongLine),
      fault: `is longer than ${maxLineLength} characters`,
    };
  }
  const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  return { number, text, fault: describeFault(text) };
}

/**
 * Splits chunks into lines (LF or CRLF, with or without a byte order mark) and yields those of each chunk together.
 * The result does not depend on where the chunks are cut, and memory does not grow with the source.
 */
export async function* readLines(
  source: SourceChunks,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<readonly SourceLine[]> {
  const decoder = new TextDecoder("utf-8");
  let pending = "";
  let count = 0;
  let atStart = true;

  function* split(text: string): Generator<SourceLine> {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const line = pending + text.slice(from, end);
      pending = "";
      from = end + 1;
      yield toLine(++count, line);
    }
    // One character more than allowed is kept, so that the overlong line is still seen as such at its end.
    if (pending.length <= maxLineLength)
      pending += text.slice(from, from + maxLineLength + 2 - pending.length);
  }

  for await (const chunk of source) {
    options.signal?.throwIfAborted();
    let text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (atStart && text !== "") {
      atStart = false;
      if (text.startsWith("\ufeff")) text = text.slice(1);
    }
    const lines = [...split(text)];
    if (lines.length > 0) yield lines;
  }
  const rest = [...split(decoder.decode())];
  if (pending !== "") rest.push(toLine(count + 1, pending));
  if (rest.length > 0) yield rest;
}

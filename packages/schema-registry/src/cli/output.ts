import type { Writable } from "node:stream";

/** What a command says: people read lines on both channels, programs one JSON document on standard output. */
export interface Output {
  readonly isJson: boolean;
  /** A line of the result. */
  line(text?: string): void;
  /** Text as it is, for people and programs alike. */
  raw(text: string): void;
  /** The result for programs, written when they are asked for; nothing else then goes to standard output. */
  result(value: unknown): void;
  /** Something on the side: a warning, what happens next. */
  note(text: string): void;
  /** How far a long work is; shown in place on a terminal, else every few seconds. */
  progress(text: string): void;
  /** Ends the line of progress. */
  progressDone(): void;
}

const progressEveryMs = 100;
const progressLineEveryMs = 5_000;

export function createOutput({
  json,
  out = process.stdout,
  err = process.stderr,
}: {
  readonly json: boolean;
  readonly out?: Writable;
  readonly err?: Writable & { readonly isTTY?: boolean };
}): Output {
  const onTerminal = err.isTTY === true;
  let shownAt = performance.now();
  let isShown = false;

  function clear(): void {
    if (isShown) err.write("\r\u001b[2K");
    isShown = false;
  }

  return {
    isJson: json,

    line(text = "") {
      if (json) return;
      clear();
      out.write(`${text}\n`);
    },

    raw(text) {
      out.write(`${text}\n`);
    },

    result(value) {
      if (json) out.write(`${JSON.stringify(value, undefined, 2)}\n`);
    },

    note(text) {
      clear();
      err.write(`${text}\n`);
    },

    progress(text) {
      const now = performance.now();
      if (now - shownAt < (onTerminal ? progressEveryMs : progressLineEveryMs)) return;
      shownAt = now;
      if (!onTerminal) {
        err.write(`${text}\n`);
        return;
      }
      clear();
      err.write(text);
      isShown = true;
    },

    progressDone: clear,
  };
}

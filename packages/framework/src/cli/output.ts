/** What a command says: people read lines on both channels, programs one JSON document on standard output. */
export interface Output {
  readonly isJson: boolean;
  /** A line of the result. */
  line(text?: string): void;
  /** The result for programs, written when they are asked for; nothing else then goes to standard output. */
  result(value: unknown): void;
  /** Something on the side: a warning, what happens next. */
  note(text: string): void;
}

export function createOutput({ json }: { readonly json: boolean }): Output {
  return {
    isJson: json,
    line(text = "") {
      if (!json) process.stdout.write(`${text}\n`);
    },
    result(value) {
      if (json) process.stdout.write(`${jsonText(value)}\n`);
    },
    note(text) {
      process.stderr.write(`${text}\n`);
    },
  };
}

/** Positions and counts are decimal strings: JSON's numbers lose digits. */
export function jsonText(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, field: unknown) => (typeof field === "bigint" ? String(field) : field),
    2,
  );
}

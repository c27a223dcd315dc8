import type { LogReader } from "./log-reader.ts";

/** A page that is fetched while the names behind the numbers of the one before are looked up. */
export interface AskedAhead {
  /** Of use only to whoever asks for the very same, and while numbers mean the same. */
  readonly text: string;
  readonly generation: number;
  readonly rows: Promise<Buffer[]>;
}

export function askAhead(
  { connections, catalogue }: LogReader,
  text: string,
  signal: AbortSignal | undefined,
): AskedAhead {
  const rows = connections.copy(text, signal);
  // Thrown when the page is waited for, if ever.
  rows.catch(() => {});
  return { text, generation: catalogue.generation, rows };
}

/** The rows of a query: those that were asked for ahead when they are the same. */
export function rowsOf(
  { connections, catalogue }: LogReader,
  text: string,
  ahead: AskedAhead | null,
  signal: AbortSignal | undefined,
): Promise<Buffer[]> {
  const isSame = ahead?.text === text && ahead.generation === catalogue.generation;
  return isSame ? ahead.rows : connections.copy(text, signal);
}

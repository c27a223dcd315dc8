/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. */
export function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `1 event`, `2 events`. */
export function counted(count: number | bigint, thing: string): string {
  return `${count} ${thing}${BigInt(count) === 1n ? "" : "s"}`;
}

/** Two decimal places are more than a person needs. */
export function shownDuration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3_600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

/** UTC, to the second. */
export function shownTime(time: Date | null): string {
  return time === null ? "" : time.toISOString().slice(0, 19).concat("Z");
}

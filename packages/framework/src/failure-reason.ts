/** What went wrong, to go on with in a sentence: without its full stop. */
export function failureReason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

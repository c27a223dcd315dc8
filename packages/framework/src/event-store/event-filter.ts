/** Events that match: any of `types` (record full names, every version) and any of `categories`. Absent = all. */
export interface EventFilter {
  readonly types?: readonly string[];
  readonly categories?: readonly string[];
}

import { clientLibrary } from "./client-library.ts";

export const startSetsDirection =
  "the native reader of @kurrent/kurrentdb-client 1.3.1 reads forwards from the start and backwards from the end, whatever is asked";

/** Whether this library cannot ask for the read. */
export function turnsAround(read: Readonly<Record<string, unknown>>): boolean {
  if (clientLibrary !== "@kurrent/kurrentdb-client") return false;
  const isBackwards = read["direction"] === "backwards";
  return read["fromRevision"] === (isBackwards ? "start" : "end");
}

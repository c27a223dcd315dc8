import type { CommandResult } from "@tidemark/framework";
import { z } from "zod";

const decimalString = z.string().regex(/^-?\d+$/);

/** Where a write stands: its stream's revision and its place in the log, as decimal strings. */
export const written = z.object({ revision: decimalString, position: decimalString });

export function writtenBody({ revision, position }: CommandResult): z.input<typeof written> {
  return { revision: String(revision), position: String(position) };
}

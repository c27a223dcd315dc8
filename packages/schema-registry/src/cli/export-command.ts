import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import type { TransferEntry } from "../transfer/transfer-entry.ts";
import { formatTransferLine, parseTransferLine, readTransferLines } from "../transfer/transfer-line.ts";
import { CliFailure } from "./cli-failure.ts";
import { openContext, type CommandContext } from "./command-context.ts";
import { exportForeign } from "./export-foreign.ts";
import { resolveOutput } from "./resolve-path.ts";

/** A whole registry as JSON lines. */
export function exportCommand(signal: AbortSignal): Command {
  const command = new Command("export")
    .description("write a whole registry as JSON lines: every version with its id, levels and modes")
    .argument("[file]", "standard output by default, for a pipe into import")
    .addHelpText(
      "after",
      `
Soft-deleted versions, references, authors and times are part of it. Also reads Confluent's registry and Karapace,
through their API and without authors.

Examples:
  tidemark-schemas export registry.jsonl
  tidemark-schemas export --registry http://old:8081 | tidemark-schemas import --registry http://new:8081`,
    );
  return command.action(async (file: string | undefined) => {
    const context = openContext(command, signal);
    const count = { versions: 0, settings: 0 };
    const lines = Readable.from(exportLines(context, count), { objectMode: false });
    if (file === undefined) {
      await pipeline(lines, process.stdout, { end: false });
      return;
    }
    const path = resolveOutput(file);
    // Never a file that looks complete and is not.
    const draft = `${path}.partial`;
    try {
      await pipeline(lines, createWriteStream(draft));
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    context.output.line(`${count.versions} versions and ${count.settings} settings written to ${file}`);
    context.output.result({ file: path, ...count });
  });
}

async function* entries({ operator, output, signal }: CommandContext): AsyncGenerator<TransferEntry> {
  const body = await operator.openExport({ signal });
  if (body === null) {
    output.note("This registry has no export of its own: reading it through its API");
    yield* exportForeign(operator, { output, signal });
    return;
  }
  for await (const { line, text } of readTransferLines(body)) yield parseTransferLine(text, line);
}

async function* exportLines(
  context: CommandContext,
  count: { versions: number; settings: number },
): AsyncGenerator<string> {
  let isComplete = false;
  for await (const entry of entries(context)) {
    yield formatTransferLine(entry);
    if (entry.kind === "version") count.versions += 1;
    if (entry.kind === "setting") count.settings += 1;
    isComplete = entry.kind === "end";
    context.output.progress(`exported ${count.versions} versions`);
  }
  context.output.progressDone();
  if (!isComplete) {
    throw new CliFailure(
      "The registry broke the export off, so nothing was kept: try again, and look at its log",
    );
  }
}

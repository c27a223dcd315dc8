import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { Command } from "commander";
import { CliFailure } from "./cli-failure.ts";
import { openContext } from "./command-context.ts";
import type { Output } from "./output.ts";
import { resolveInput } from "./resolve-path.ts";

/** Adds what an export holds. */
export function importCommand(signal: AbortSignal): Command {
  const command = new Command("import")
    .description("add what an export holds, with its ids; all of it or nothing, and again without harm")
    .argument("[file]", "standard input by default, for a pipe from export")
    .option("--dry-run", "check everything and write nothing")
    .addHelpText(
      "after",
      `
Adds only: versions and settings that are there stay as they are. Refused whole when an id or a version is another
schema's there. Registrations wait for its last moments, in which it is merged; look-ups do not wait.

Examples:
  tidemark-schemas import registry.jsonl --dry-run
  tidemark-schemas import registry.jsonl`,
    );
  return command.action(
    async (file: string | undefined, { dryRun = false }: { readonly dryRun?: boolean }) => {
      const { operator, output, url } = openContext(command, signal);
      const body = await openInput(file, output);
      const summary = await operator.sendImport(body, { dryRun, signal });
      output.progressDone();
      if (summary === null) {
        throw new CliFailure(
          `${url} takes no imports: it is not a registry of this kind. Nothing was sent that it kept`,
        );
      }
      const { versions, settings } = summary;
      const would = dryRun ? "would be " : "";
      output.line(`${versions.added} versions ${would}added, ${versions.present} were there already`);
      output.line(`${settings.added} settings ${would}added, ${settings.present} were there already`);
      for (const scope of settings.differing) {
        output.note(
          `${scope === "" ? "the global setting" : `the setting of ${scope}`} differs there and stays as it is`,
        );
      }
      output.result(summary);
    },
  );
}

async function openInput(file: string | undefined, output: Output): Promise<ReadableStream<Uint8Array>> {
  const path = file === undefined ? null : resolveInput(file);
  if (path === null && process.stdin.isTTY) {
    throw new CliFailure(
      "Name the file of an export, or pipe one in: tidemark-schemas export | tidemark-schemas import",
    );
  }
  const info = path === null ? null : await stat(path).catch(() => null);
  if (path !== null && info === null) throw new CliFailure(`There is no file ${file}`);
  const size = info?.size ?? null;
  let sent = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      output.progress(
        size === null
          ? `sent ${megabytes(sent)} MB`
          : `sent ${megabytes(sent)} of ${megabytes(size)} MB (${Math.floor((100 * sent) / Math.max(size, 1))} %)`,
      );
      done(null, chunk);
    },
  });
  const input = path === null ? process.stdin : createReadStream(path);
  input.on("error", (error: Error) => counted.destroy(error));
  // The types of the two stream libraries do not say that chunks are bytes.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Readable.toWeb(input.pipe(counted)) as ReadableStream<Uint8Array>;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

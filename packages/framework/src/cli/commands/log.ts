import { createReadStream, type ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command, Option } from "commander";
import type { EventFilter } from "../../event-store/event-filter.ts";
import { readAvroFile, toAvroFile } from "../../log-transfer/avro-file.ts";
import { exportLog } from "../../log-transfer/export-log.ts";
import { importLog } from "../../log-transfer/import-log.ts";
import { readJsonLines, toJsonLine } from "../../log-transfer/json-lines.ts";
import type { LogEntry } from "../../log-transfer/log-entry.ts";
import { checkTypes } from "../check-types.ts";
import { CliFailure } from "../cli-failure.ts";
import { loadMask } from "../load-mask.ts";
import { withApplication } from "../open-application.ts";
import { names, position } from "../parse-option.ts";
import { createProgress } from "../progress.ts";
import { resolveInput, resolveOutput } from "../resolve-path.ts";
import { fileFailure, writeWhole } from "../write-whole.ts";

type Format = "jsonl" | "avro";

/** What both ways have in common. */
interface TransferOptions {
  readonly format?: Format;
  readonly tenant?: string;
  readonly after?: bigint;
  readonly types?: readonly string[];
  readonly categories?: readonly string[];
  readonly mask?: string;
}

/** The log with its schemas, out of one store and into another. */
export function logCommand(signal: AbortSignal): Command {
  const group = new Command("log").description("the log with its schemas: out of one store, into another");
  const add = (name: string, description: string, argument: string, about: string): Command =>
    group
      .command(name)
      .description(description)
      .argument(argument, about)
      .addOption(new Option("--format <format>", "else told by the file's name").choices(["jsonl", "avro"]))
      .option("--after <position>", "leave out events up to here, of the log that is exported", position)
      .option("--types <names>", "these event types only, with commas between", names)
      .option("--categories <names>", "these categories of streams only", names)
      .option("--mask <module>", "module whose default export changes events on their way");

  const exporting = add(
    "export",
    "write the log with its schemas, as JSON lines or an Avro container file",
    "[file]",
    "else standard output",
  )
    .option("--tenant <name>", "its events only; default the empty tenant")
    .option("--up-to <position>", "end here", position);
  exporting.action((file: string | undefined, options: TransferOptions & { readonly upTo?: bigint }) =>
    withApplication(exporting, signal, async ({ application, definition, output }) => {
      checkTypes(options.types, definition);
      const mask = await loadMask(options.mask);
      const progress = createProgress("Export");
      let last = { scannedTo: options.after ?? 0n, events: 0n };
      const entries = exportLog(application.eventStore, {
        ...given(options),
        ...(options.upTo === undefined ? {} : { upTo: options.upTo }),
        ...(mask === undefined ? {} : { mask }),
        signal,
        onProgress: (at) => {
          last = at;
          progress.update(at.scannedTo, at.end, `${at.events} exported`);
        },
      });
      try {
        await write(entries, formatOf(options.format, file), file);
      } finally {
        progress.stop();
      }
      if (last.events === 0n) output.note("Nothing matched: the export holds no event.");
      if (file === undefined) return;
      output.line(`${file}: ${last.events} events, up to position ${last.scannedTo}.`);
      output.result({ file, events: last.events, scannedTo: last.scannedTo });
    }),
  );

  const importing = add(
    "import",
    "append an export; event ids stay, positions are new; what is there already is skipped",
    "<file>",
    "of tidemark log export",
  ).option("--tenant <name>", "into which the events go; default the empty tenant");
  importing.action((file: string, options: TransferOptions) =>
    withApplication(
      importing,
      signal,
      async ({ application, output }) => {
        const mask = await loadMask(options.mask);
        const { input, size } = await openInput(file);
        const entries =
          formatOf(options.format, file) === "avro" ? readAvroFile(input) : readJsonLines(input);
        const progress = createProgress("Import", "bytes");
        const { appended, present, skipped } = await importLog(application.eventStore, entries, {
          ...given(options),
          ...(mask === undefined ? {} : { mask }),
          signal,
          onProgress: (at) =>
            progress.update(BigInt(input.bytesRead), size, `${at.appended} appended, ${at.present} there`),
        }).finally(() => {
          progress.stop();
          input.destroy();
        });
        const left = skipped === 0n ? "" : `, ${skipped} left out`;
        output.line(`${file}: ${appended} events appended, ${present} were there already${left}.`);
        output.result({ file, appended, present, skipped });
      },
      { migrate: true },
    ),
  );
  return group;
}

function given({ tenant, after, types, categories }: TransferOptions): {
  readonly tenant?: string;
  readonly after?: bigint;
  readonly filter: EventFilter;
} {
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(after === undefined ? {} : { after }),
    filter: { ...(types && { types }), ...(categories && { categories }) },
  };
}

async function openInput(file: string): Promise<{ readonly input: ReadStream; readonly size: bigint }> {
  const path = resolveInput(file);
  try {
    const found = await stat(path, { bigint: true });
    if (found.isDirectory()) throw new CliFailure(`The export ${file} is a folder: name a file`);
    return { input: createReadStream(path), size: found.size };
  } catch (error) {
    throw fileFailure(error, `The export ${file} cannot be read`);
  }
}

async function write(
  entries: AsyncIterable<LogEntry>,
  format: Format,
  file: string | undefined,
): Promise<void> {
  const source = format === "avro" ? toAvroFile(entries) : Readable.from(lines(entries));
  if (file === undefined) await pipeline(source, process.stdout, { end: false });
  else await writeWhole(source, resolveOutput(file), file);
}

async function* lines(entries: AsyncIterable<LogEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${toJsonLine(entry)}\n`;
}

function formatOf(wanted: Format | undefined, file: string | undefined): Format {
  return wanted ?? (file?.endsWith(".avro") === true ? "avro" : "jsonl");
}

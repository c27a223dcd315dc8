import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command, Option } from "commander";
import { exportLog } from "../../log-transfer/export-log.ts";
import { readAvroFile, toAvroFile } from "../../log-transfer/avro-file.ts";
import { importLog } from "../../log-transfer/import-log.ts";
import { readJsonLines, toJsonLine } from "../../log-transfer/json-lines.ts";
import type { LogEntry } from "../../log-transfer/log-entry.ts";
import type { Mask } from "../../log-transfer/mask.ts";
import { CliFailure } from "../cli-failure.ts";
import { loadModule } from "../load-module.ts";
import { withApplication } from "../open-application.ts";
import { names, position } from "../parse-option.ts";
import { createProgress } from "../progress.ts";
import { resolveInput, resolveOutput } from "../resolve-path.ts";

type Format = "jsonl" | "avro";

interface ExportOptions {
  readonly format?: Format;
  readonly tenant?: string;
  readonly after?: bigint;
  readonly upTo?: bigint;
  readonly types?: readonly string[];
  readonly categories?: readonly string[];
  readonly mask?: string;
}

/** The log with its schemas, out of one store and into another. */
export function logCommand(signal: AbortSignal): Command {
  const group = new Command("log").description("the log with its schemas: out of one store, into another");
  const format = new Option("--format <format>", "else told by the file's name").choices(["jsonl", "avro"]);

  const exporting = group
    .command("export")
    .description("write the log with its schemas, as JSON lines or an Avro container file")
    .argument("[file]", "else standard output")
    .addOption(format)
    .option("--tenant <name>", "its events only; default the empty tenant")
    .option("--after <position>", "leave out events up to here", position)
    .option("--up-to <position>", "end here", position)
    .option("--types <names>", "these event types only, with commas between", names)
    .option("--categories <names>", "these categories of streams only", names)
    .option("--mask <module>", "module whose default export changes payloads on their way out");
  exporting.action((file: string | undefined, options: ExportOptions) =>
    withApplication(exporting, signal, async ({ application, output }) => {
      const { types, categories, tenant, after, upTo } = options;
      const mask = await loadMask(options.mask);
      const progress = createProgress("Export");
      let last: { readonly scannedTo: bigint; readonly events: bigint } = {
        scannedTo: after ?? 0n,
        events: 0n,
      };
      const entries = exportLog(application.eventStore, {
        ...(tenant === undefined ? {} : { tenant }),
        ...(after === undefined ? {} : { after }),
        ...(upTo === undefined ? {} : { upTo }),
        ...(mask === undefined ? {} : { mask }),
        filter: { ...(types && { types }), ...(categories && { categories }) },
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
      if (file === undefined) return;
      output.line(`${file}: ${last.events} events, up to position ${last.scannedTo}.`);
      output.result({ file, events: last.events, scannedTo: last.scannedTo });
    }),
  );

  const importing = group
    .command("import")
    .description("append an export; event ids stay, positions are new; what is there already is skipped")
    .argument("<file>")
    .addOption(format)
    .option("--tenant <name>", "into which the events go; default the empty tenant");
  importing.action((file: string, options: { readonly format?: Format; readonly tenant?: string }) =>
    withApplication(importing, signal, async ({ application, output }) => {
      const input = createReadStream(resolveInput(file));
      await once(input, "open");
      const entries = formatOf(options.format, file) === "avro" ? readAvroFile(input) : readJsonLines(input);
      const { appended, present } = await importLog(application.eventStore, entries, {
        ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
        signal,
      });
      output.line(`${file}: ${appended} events appended, ${present} were there already.`);
      output.result({ file, appended, present });
    }),
  );
  return group;
}

async function write(
  entries: AsyncIterable<LogEntry>,
  format: Format,
  file: string | undefined,
): Promise<void> {
  const source = format === "avro" ? toAvroFile(entries) : Readable.from(lines(entries));
  if (file === undefined) await pipeline(source, process.stdout, { end: false });
  else await pipeline(source, createWriteStream(resolveOutput(file)));
}

async function* lines(entries: AsyncIterable<LogEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${toJsonLine(entry)}\n`;
}

function formatOf(given: Format | undefined, file: string | undefined): Format {
  return given ?? (file?.endsWith(".avro") === true ? "avro" : "jsonl");
}

async function loadMask(path: string | undefined): Promise<Mask | undefined> {
  if (path === undefined) return undefined;
  const { exported, source } = await loadModule(path, "mask");
  if (typeof exported === "function")
    return (event) => Reflect.apply(exported, undefined, [event]) as unknown;
  throw new CliFailure(
    `The default export of ${source} is no function: export default ({ type, data }) => data`,
  );
}

import { resolve } from "node:path";
import type { Config } from "../config.ts";
import { importSource, type ImportSummary } from "../import/import-source.ts";
import { createProgress } from "../import/progress.ts";
import { openSourceFile } from "../import/source-file.ts";
import type { SourceFormat } from "../import/source-record.ts";
import { createLogger } from "./logger.ts";
import { openLedger } from "./open-ledger.ts";

export interface ImportFileOptions {
  readonly file: string;
  readonly format?: SourceFormat | undefined;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/**
 * Imports a file, whether the ledger runs or not; a running one projects what is imported.
 *
 * @returns the exit status: 0, or 1 when something in the file was not imported.
 */
export async function importFile(config: Config, options: ImportFileOptions): Promise<number> {
  const { file, format, json, signal } = options;
  const source = await openSourceFile(resolve(config.standingIn, file), { format, signal });
  await using opened = await openLedger(config, {
    projections: "off",
    logger: createLogger(config.logLevel),
    signal,
  });
  const progress = createProgress({ label: "Import", total: null, unit: "records", json });
  let done = 0;
  const summary = await importSource({
    application: opened.application,
    records: source.records,
    onProblem: (line, reason) => progress.log(`${file}:${line}: ${reason}`),
    onProgress: (summary) => {
      done = recordsIn(summary);
      progress.update(done, Math.max(done, Math.round((done * source.totalBytes) / source.bytesRead())));
    },
    signal,
  })
    .catch((error: unknown) => {
      progress.log(`The import ended early, after ${done} records: run it again, it goes on behind them.`);
      throw error;
    })
    .finally(() => progress.stop());
  if (json) process.stdout.write(`${JSON.stringify({ file, format: source.format, ...summary })}\n`);
  else process.stdout.write(describe(file, source.format, summary));
  return summary.problems === 0 ? 0 : 1;
}

/** How many of the file's records have been dealt with; the total is estimated from the bytes they took. */
function recordsIn({ imported, alreadyRecorded, problems, skipped }: Readonly<ImportSummary>): number {
  return Object.values(skipped).reduce((sum, count) => sum + count, imported + alreadyRecorded + problems);
}

function describe(file: string, format: string, summary: ImportSummary): string {
  const { imported, alreadyRecorded, accountsOpened, problems, skipped } = summary;
  const lines = [
    `${file} (${format}): ${imported} imported, ${alreadyRecorded} already recorded, ${problems} not imported.`,
  ];
  if (accountsOpened > 0) lines.push(`${accountsOpened} accounts were opened.`);
  const directives = Object.entries(skipped).map(([directive, count]) => `${directive} ${count}`);
  if (directives.length > 0) lines.push(`Skipped, since they move no money: ${directives.join(", ")}.`);
  return `${lines.join("\n")}\n`;
}

import type { Config } from "../config.ts";
import { createProgress } from "../import/progress.ts";
import { createLogger } from "./logger.ts";
import { openLedger } from "./open-ledger.ts";

/** Builds a read model anew beside the one that serves, and swaps; a running ledger may do the work. */
export async function rebuildProjection(
  config: Config,
  options: { readonly projection: string; readonly json: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const { projection, json, signal } = options;
  await using opened = await openLedger(config, {
    projections: "off",
    logger: createLogger(config.logLevel),
    signal,
  });
  const progress = createProgress({ label: `Rebuild ${projection}`, total: null, unit: "events", json });
  const build = await opened.application.projections
    .rebuild(projection, {
      signal,
      onProgress: ({ events, target }) => progress.update(Number(events), Number(target)),
    })
    .finally(() => progress.stop());
  const { version, number, schema } = build;
  if (json) process.stdout.write(`${JSON.stringify({ projection, version, build: number, schema })}\n`);
  else process.stdout.write(`${projection} version ${version} is rebuilt: build ${number} serves now.\n`);
  return 0;
}

import { Command } from "commander";
import { parse, stringify } from "lossless-json";
import { parseVersion } from "../registry/version-number.ts";
import { openContext } from "./command-context.ts";
import { missingVersion } from "./missing-version.ts";
import { shownTime, tableLines } from "./print-table.ts";

/** One version, and what is known about its subject. */
export function showCommand(signal: AbortSignal): Command {
  const command = new Command("show")
    .description("show a version: its schema, its history, its level, who reads it")
    .argument("<subject>")
    .argument("[version]", "a number or latest", "latest")
    .option("--schema", "the canonical schema text alone");
  return command.action(async (subject: string, selector: string, options: { readonly schema?: true }) => {
    const context = openContext(command, signal);
    const { operator, output } = context;
    const selected = parseVersion(selector);
    const version = await operator.getVersion(subject, selected, { signal });
    if (version === null) throw await missingVersion(context, subject, selected);
    if (options.schema === true) {
      output.raw(version.schema);
      return;
    }
    const numbers = await operator.versionNumbers(subject, { signal });
    const history = [];
    for (const number of numbers) {
      const found = await operator.getVersion(subject, number, { signal });
      if (found) history.push(found);
    }
    const level = await operator.getLevel(subject, { signal });
    const globalLevel = await operator.getLevel(null, { signal });
    const readers = await operator.readersOf(subject, { signal });
    const current = (readers ?? []).filter(({ supersededAt }) => supersededAt === null);

    output.line(`${version.subject}, version ${version.version}${version.deleted ? " (deleted)" : ""}`);
    output.line(`  id          ${version.id}`);
    output.line(
      `  registered  ${shownTime(version.registeredAt)}${version.author ? ` by ${version.author}` : ""}`,
    );
    output.line(`  level       ${level ?? `${globalLevel} (the global one)`}`);
    for (const { name, subject: target, version: number } of version.references) {
      output.line(`  refers to   ${name}: ${target}, version ${number}`);
    }
    if (version.metadata !== null) output.line(`  metadata    ${JSON.stringify(version.metadata)}`);
    if (current.length > 0) {
      output.line(`  read by     ${[...new Set(current.map(({ application }) => application))].join(", ")}`);
    }
    output.line();
    output.line(stringify(parse(version.schema), undefined, 2));
    output.line();
    const rows = history.map((found) => [
      `${found.version}${found.deleted ? " (deleted)" : ""}`,
      String(found.id),
      shownTime(found.registeredAt),
      found.author ?? "",
    ]);
    for (const line of tableLines([["VERSION", "ID", "REGISTERED", "BY"], ...rows])) output.line(line);
    output.result({ ...version, level, globalLevel, history, readers });
  });
}

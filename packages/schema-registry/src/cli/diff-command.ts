import { Command } from "commander";
import { incompatibilities } from "../compatibility/check-compatibility.ts";
import { diffSchemas } from "../diff/diff-schemas.ts";
import type { SchemaChange } from "../diff/schema-change.ts";
import { parseVersion, type VersionSelector } from "../registry/version-number.ts";
import { fieldReaders } from "../usage/field-readers.ts";
import { CliFailure } from "./cli-failure.ts";
import { openContext, type CommandContext } from "./command-context.ts";
import { readDeclarations } from "./declaration-options.ts";
import { missingVersion } from "./missing-version.ts";
import {
  diffDocument,
  hasRemovedField,
  printDiff,
  type AffectedApplication,
  type Side,
} from "./print-diff.ts";
import { createSchemaReader, type SchemaReader } from "./subject-history.ts";

interface DiffOptions {
  readonly app?: string;
  readonly file?: string;
}

/** What separates two versions, or a version and this working tree. */
export function diffCommand(signal: AbortSignal): Command {
  const command = new Command("diff")
    .description("tell what separates two versions, and which applications still read a field that is gone")
    .argument("<subject>")
    .argument("[from]", "a version; the one before the later side by default")
    .argument("[to]", "a version; latest by default")
    .option("--file <avsc>", "this file is the later side")
    .option("--app <module>", "the event of this application is the later side")
    .addHelpText(
      "after",
      `
Examples:
  tidemark-schemas diff ledger.FundsDeposited                      the newest version and the one before
  tidemark-schemas diff ledger.FundsDeposited 1 3
  tidemark-schemas diff ledger.FundsDeposited --app dist/app.js    what this working tree would change`,
    );
  return command.action(
    async (subject: string, from: string | undefined, to: string | undefined, options: DiffOptions) => {
      const context = openContext(command, signal);
      const reader = createSchemaReader(context.client, context.operator, signal);
      const [before, after] = await sides(subject, { from, to, options }, context, reader);
      const changes = diffSchemas(before.schema, after.schema);
      const compared = {
        subject,
        before,
        after,
        changes,
        backward: incompatibilities({
          reader: after.schema,
          writer: before.schema,
          words: { reader: after.label, writer: before.label },
          open: "reader",
        }),
        forward: incompatibilities({
          reader: before.schema,
          writer: after.schema,
          words: { reader: before.label, writer: after.label },
          open: "writer",
        }),
        affected: await affectedApplications(subject, changes, context, reader),
      };
      printDiff(context.output, compared);
      context.output.result(diffDocument(compared));
    },
  );
}

async function sides(
  subject: string,
  {
    from,
    to,
    options,
  }: { readonly from: string | undefined; readonly to: string | undefined; readonly options: DiffOptions },
  context: CommandContext,
  reader: SchemaReader,
): Promise<readonly [before: Side, after: Side]> {
  const registered = async (selector: VersionSelector): Promise<Side> => {
    const found = await context.operator.getVersion(subject, selector, { signal: context.signal });
    if (found === null) throw await missingVersion(context, subject, selector);
    const { version, schema, references } = found;
    return { label: `version ${version}`, version, schema: await reader.parse(schema, references) };
  };
  if (options.file !== undefined || options.app !== undefined) {
    if (to !== undefined)
      throw new CliFailure("Name one version at most with --file or --app, which is the later side");
    const after = await declaredSide(subject, options);
    return [await registered(from === undefined ? "latest" : parseVersion(from)), after];
  }
  const after = await registered(to === undefined ? "latest" : parseVersion(to));
  if (from !== undefined) return [await registered(parseVersion(from)), after];
  const numbers = await context.operator.versionNumbers(subject, { signal: context.signal });
  const previous = numbers.findLast((version) => version < (after.version ?? 0));
  if (previous === undefined) {
    throw new CliFailure(
      `${subject} has no version before ${after.label}: there is nothing to compare it with`,
    );
  }
  return [await registered(previous), after];
}

async function declaredSide(subject: string, { file, app }: DiffOptions): Promise<Side> {
  const declarations = await readDeclarations(file === undefined ? [] : [file], {
    subject: "{name}",
    ...(app !== undefined && { app }),
  });
  const [invalid] = declarations.invalid;
  if (invalid) throw new CliFailure(`${invalid.source} is not a valid schema: ${invalid.message}`);
  const declared =
    file === undefined
      ? declarations.schemas.find((candidate) => candidate.subject === subject)
      : declarations.schemas[0];
  if (declared) return { label: declared.source, version: null, schema: declared.parsed };
  const others = declarations.schemas.map((candidate) => candidate.subject);
  throw new CliFailure(`${app ?? file} declares no ${subject}, but ${others.join(", ") || "nothing"}`);
}

async function affectedApplications(
  subject: string,
  changes: readonly SchemaChange[],
  { operator, output, signal }: CommandContext,
  reader: SchemaReader,
): Promise<readonly AffectedApplication[]> {
  if (!hasRemovedField(changes)) return [];
  const readers = await operator.readersOf(subject, { signal });
  if (readers === null) {
    output.note("This registry does not keep who reads what.");
    return [];
  }
  const affected: AffectedApplication[] = [];
  for (const { application, announcedAt, supersededAt, schema, references } of readers) {
    const parsed = await reader.parse(schema, references);
    for (const field of fieldReaders(changes, parsed)) {
      affected.push({ application, announcedAt, supersededAt, ...field });
    }
  }
  return affected;
}

import { Command } from "commander";
import { RegistryRequestError, SchemaRefusedError } from "../client/registry-client-errors.ts";
import type { Registration } from "../client/registry-client.ts";
import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { checkSchemas } from "./check-schemas.ts";
import { CliFailure, exitStatus } from "./cli-failure.ts";
import { openContext, type CommandContext } from "./command-context.ts";
import { addDeclarationOptions, readDeclarations, type DeclarationOptions } from "./declaration-options.ts";
import type { DeclaredSchema } from "./declared-schema.ts";
import { tableLines } from "./print-table.ts";
import { isRefused, printVerdicts } from "./print-verdicts.ts";

/** Publishes this working tree's schemas, all of them or none. */
export function pushCommand(signal: AbortSignal): Command {
  const command = new Command("push")
    .description("publish this working tree's schemas; nothing is published when one would be refused")
    .argument("[files...]", ".avsc files, or folders with such files")
    .addHelpText(
      "after",
      `
What is published already keeps its version. Subjects without a level of their own get the one of --level, events
FULL_TRANSITIVE. An application that starts with register: "lookup-only" needs this run before.

Examples:
  tidemark-schemas push --registry https://schemas.example.com
  tidemark-schemas push schemas/ --level BACKWARD_TRANSITIVE`,
    );
  return addDeclarationOptions(command).action(
    async (files: readonly string[], options: DeclarationOptions) => {
      const context = openContext(command, signal);
      const declarations = await readDeclarations(files, options);
      const verdicts = await checkSchemas(declarations, context);
      if (verdicts.some(isRefused)) {
        printVerdicts(context.output, verdicts);
        context.output.note("Nothing was published.");
        context.output.result({ published: [], schemas: verdicts });
        process.exitCode = exitStatus.refused;
        return;
      }
      await publishAll(declarations.schemas, context);
    },
  );
}

async function publishAll(schemas: readonly DeclaredSchema[], context: CommandContext): Promise<void> {
  const { output } = context;
  const published = new Map<DeclaredSchema, Registration>();
  try {
    for (const declared of schemas) {
      published.set(declared, await publish(declared, published, context));
      output.progress(`published ${published.size} of ${schemas.length} schemas`);
    }
  } catch (error) {
    if (!(error instanceof SchemaRefusedError)) throw error;
    // Someone else has published a rival since the check.
    output.note(`${error.subject} was refused: ${error.message}`);
    process.exitCode = exitStatus.refused;
  }
  output.progressDone();
  const rows = [...published.values()];
  for (const line of tableLines(
    rows.map(({ subject, version, id }) => [subject, `version ${version}`, `id ${id}`]),
  )) {
    output.line(line);
  }
  for (const { subject, warnings } of rows) {
    for (const { message, hint } of warnings) output.note(`warning: ${subject}: ${message}. ${hint}`);
  }
  output.result({
    published: rows.map(({ subject, version, id, warnings }) => ({ subject, version, id, warnings })),
  });
}

async function publish(
  { subject, text, level, uses }: DeclaredSchema,
  published: ReadonlyMap<DeclaredSchema, Registration>,
  { client, signal }: CommandContext,
): Promise<Registration> {
  if (level !== null && (await client.getCompatibility(subject, { signal })) === null) {
    await client.setCompatibility(subject, level, { signal }).catch((error: unknown) => {
      throw levelNotSet(error, subject, level);
    });
  }
  const references = uses.map((used) => ({
    name: used.name,
    subject: used.subject,
    version: published.get(used)?.version ?? -1,
  }));
  return client.register(subject, text, { references, signal });
}

function levelNotSet(error: unknown, subject: string, level: CompatibilityLevel): unknown {
  if (!(error instanceof RegistryRequestError) || error.errorCode !== 403) return error;
  return new CliFailure(
    `${subject} has no level of its own, and this credential may not give it ${level} (${error.message}): ` +
      "push it once with a credential that may admin it",
    { cause: error },
  );
}

import { Command } from "commander";
import { checkSchemas } from "./check-schemas.ts";
import { exitStatus } from "./cli-failure.ts";
import { openContext } from "./command-context.ts";
import { addDeclarationOptions, readDeclarations, type DeclarationOptions } from "./declaration-options.ts";
import { isRefused, printVerdicts } from "./print-verdicts.ts";

interface CheckOptions extends DeclarationOptions {
  readonly strict?: true;
}

/** Would this working tree's schemas be let in? For CI: changes nothing. */
export function checkCommand(signal: AbortSignal): Command {
  const command = new Command("check")
    .description("tell whether this working tree's schemas would be let in; changes nothing")
    .argument("[files...]", ".avsc files, or folders with such files")
    .option("--strict", "warnings also end with status 1")
    .addHelpText(
      "after",
      `
Ends with status 1 and the reasons when a schema would be refused, with 2 when that could not be found out.

Examples:
  tidemark-schemas check                        the events of the application of this package
  tidemark-schemas check --app dist/app.js      the events of a built module
  tidemark-schemas check schemas/ --subject '{name}-value'`,
    );
  return addDeclarationOptions(command).action(async (files: readonly string[], options: CheckOptions) => {
    const context = openContext(command, signal);
    const verdicts = await checkSchemas(await readDeclarations(files, options), context);
    const refused = verdicts.filter(isRefused).length;
    const warnings = verdicts.reduce((sum, verdict) => sum + verdict.warnings.length, 0);
    printVerdicts(context.output, verdicts);
    context.output.result({ schemas: verdicts, refused, warnings });
    if (refused > 0 || (options.strict === true && warnings > 0)) process.exitCode = exitStatus.refused;
  });
}

import { Command } from "commander";
import { openContext } from "./command-context.ts";
import { shownTime, tableLines } from "./print-table.ts";

/** The subjects with their newest versions. */
export function listCommand(signal: AbortSignal): Command {
  const command = new Command("list")
    .description("list the subjects with their newest version, and who registered it when")
    .argument("[prefix]", "only subjects that start with it")
    .option("--deleted", "also soft-deleted ones")
    .option("--all", "every version, not the newest alone");
  return command.action(
    async (prefix: string | undefined, options: { readonly deleted?: true; readonly all?: true }) => {
      const { operator, output } = openContext(command, signal);
      const versions = await operator.listVersions({
        deleted: options.deleted === true,
        latestOnly: options.all !== true,
        signal,
        ...(prefix !== undefined && { subjectPrefix: prefix }),
      });
      const rows = versions.map(({ subject, version, id, deleted, author, registeredAt }) => [
        subject,
        `${version}${deleted ? " (deleted)" : ""}`,
        String(id),
        shownTime(registeredAt),
        author ?? "",
      ]);
      for (const line of tableLines([["SUBJECT", "VERSION", "ID", "REGISTERED", "BY"], ...rows])) {
        output.line(line);
      }
      output.result(versions);
    },
  );
}

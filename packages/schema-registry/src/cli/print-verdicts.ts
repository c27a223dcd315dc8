import type { SchemaVerdict } from "./check-schemas.ts";
import type { Output } from "./output.ts";
import { tableLines } from "./print-table.ts";

/** What was found, for people: a line a schema, then each reason and warning in full. */
export function printVerdicts(output: Output, verdicts: readonly SchemaVerdict[]): void {
  for (const line of tableLines(verdicts.map(verdictRow))) output.line(line);
  for (const verdict of verdicts) printReasons(output, verdict);
  const warned = verdicts.filter(({ warnings }) => warnings.length > 0);
  for (const { subject, source, warnings } of warned) {
    output.line();
    output.line(`Warnings for ${subject || source}`);
    for (const { rule, path, message, hint } of warnings) {
      output.line(`  ${rule}${path === "" ? "" : ` at ${path}`}: ${message}`);
      output.line(`    ${hint}`);
    }
  }
  output.line();
  output.line(summary(verdicts));
}

export function isRefused({ status }: SchemaVerdict): boolean {
  return status === "refused" || status === "invalid";
}

function verdictRow({ subject, source, status, level, version, versions }: SchemaVerdict): readonly string[] {
  const against = `${versions} version${versions === 1 ? "" : "s"}`;
  switch (status) {
    case "new":
      return ["new", subject, `no version yet; ${level} from now on`];
    case "unchanged":
      return ["unchanged", subject, `version ${version}`];
    case "compatible":
      return ["compatible", subject, `${level} with ${against}`];
    case "refused":
      return ["REFUSED", subject, `${level} with ${against}`];
    case "invalid":
      return ["INVALID", subject || source, "not a valid schema"];
  }
}

function printReasons(output: Output, { subject, source, reasons, message }: SchemaVerdict): void {
  if (message !== null) {
    output.line();
    output.line(`${subject || source} is not a valid schema`);
    output.line(`  ${message}`);
  }
  let told = "";
  for (const { kind, path, version, direction, message: difference, hint } of reasons) {
    const claim =
      direction === "backward"
        ? `it cannot read data of version ${version}`
        : `version ${version} cannot read its data`;
    if (claim !== told) {
      output.line();
      output.line(`${subject} would be refused: ${claim}`);
    }
    told = claim;
    output.line(`  ${kind} at ${path}: ${difference}`);
    output.line(`    ${hint}`);
  }
}

function summary(verdicts: readonly SchemaVerdict[]): string {
  const counts = new Map<string, number>();
  for (const { status } of verdicts) counts.set(status, (counts.get(status) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => `${count} ${status}`);
  const warnings = verdicts.reduce((sum, verdict) => sum + verdict.warnings.length, 0);
  if (warnings > 0) parts.push(`${warnings} warning${warnings === 1 ? "" : "s"}`);
  return `${verdicts.length} schema${verdicts.length === 1 ? "" : "s"}: ${parts.join(", ")}`;
}

import type { ParsedSchema } from "../avro/parsed-schema.ts";
import type { Incompatibility } from "../compatibility/incompatibility.ts";
import { describeChange } from "../diff/describe-change.ts";
import type { SchemaChange } from "../diff/schema-change.ts";
import type { FieldReader } from "../usage/field-readers.ts";
import type { Output } from "./output.ts";
import { shownTime } from "./print-table.ts";

/** One side of a diff. */
export interface Side {
  readonly label: string;
  /** Null for this working tree. */
  readonly version: number | null;
  readonly schema: ParsedSchema;
}

export interface AffectedApplication extends FieldReader {
  readonly application: string;
  readonly announcedAt: Date;
  readonly supersededAt: Date | null;
}

export interface ComparedSides {
  readonly subject: string;
  readonly before: Side;
  readonly after: Side;
  readonly changes: readonly SchemaChange[];
  /** Why the later side cannot read data of the earlier one. */
  readonly backward: readonly Incompatibility[];
  readonly forward: readonly Incompatibility[];
  readonly affected: readonly AffectedApplication[];
}

/** For programs, as the registry's own route answers it. */
export function diffDocument({
  subject,
  before,
  after,
  changes,
  affected,
  ...reasons
}: ComparedSides): object {
  const verdict = (incompatibilities: readonly Incompatibility[]): object => ({
    is_compatible: incompatibilities.length === 0,
    incompatibilities,
  });
  return {
    subject,
    from: { label: before.label, version: before.version },
    to: { label: after.label, version: after.version },
    changes,
    compatibility: { backward: verdict(reasons.backward), forward: verdict(reasons.forward) },
    affectedReaders: affected,
  };
}

export function hasRemovedField(changes: readonly SchemaChange[]): boolean {
  return changes.some(({ change, element }) => change === "removed" && element === "field");
}

const signs = { added: "+", removed: "-", changed: "~", renamed: "~" } as const;

export function printDiff(output: Output, compared: ComparedSides): void {
  const { subject, before, after, changes, backward, forward } = compared;
  output.line(`${subject}: ${before.label} -> ${after.label}`);
  if (changes.length === 0) output.line("  no difference");
  for (const change of changes) {
    output.line(`  ${signs[change.change]} ${describeChange(change)}  (${change.path})`);
  }
  output.line();
  printVerdict(output, `${after.label} reads data of ${before.label}`, backward);
  printVerdict(output, `${before.label} reads data of ${after.label}`, forward);
  printAffected(output, compared);
}

function printVerdict(output: Output, claim: string, reasons: readonly Incompatibility[]): void {
  output.line(`${reasons.length === 0 ? "yes" : "NO "}  ${claim}`);
  for (const { kind, path, message, hint } of reasons) {
    output.line(`     ${kind} at ${path}: ${message}`);
    output.line(`       ${hint}`);
  }
}

function printAffected(output: Output, { changes, affected }: ComparedSides): void {
  if (!hasRemovedField(changes)) return;
  output.line();
  if (affected.length === 0) {
    output.line("No application that has announced its reader schema uses a removed field.");
    return;
  }
  output.line("Applications that still read what is removed");
  for (const { application, type, field, fallback, announcedAt, supersededAt } of affected) {
    const without = fallback === null ? "cannot read the data without it" : `takes ${fallback} without it`;
    const since =
      supersededAt === null
        ? `started ${shownTime(announcedAt)}`
        : `last started ${shownTime(announcedAt)}, superseded ${shownTime(supersededAt)}`;
    output.line(`  ${application}  reads ${type}.${field}, ${without}; ${since}`);
  }
}

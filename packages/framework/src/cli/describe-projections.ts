import type { BuildReport, ProjectionStatus } from "../projection/projection-status.ts";
import type { ProjectionPlan } from "../projection/plan.ts";
import type { Verification } from "../projection/verify-build.ts";
import { counted, shownDuration, tableLines } from "./print-table.ts";

/** One line for each build. */
export function statusLines(statuses: readonly ProjectionStatus[]): readonly string[] {
  const rows = statuses.flatMap(({ name, version, builds }) =>
    builds.length === 0
      ? [[name, String(version), "-", "not built", "", "", "", ""]]
      : builds.map((report) => [
          name,
          String(report.build.version),
          String(report.build.number),
          `${stateOf(report, version)}${report.ofAnotherLog ? ", of another log" : ""}`,
          String(report.progress.events),
          String(report.lag),
          String(report.parked.sequences),
          report.holders.map(
            ({ label, state }) => `${label}${state === "running" ? "" : ` (${state})`}`,
          )[0] ?? "",
        ]),
  );
  const head = ["PROJECTION", "VERSION", "BUILD", "STATE", "EVENTS", "LAG", "PARKED", "WORKED ON BY"];
  const notes = statuses.flatMap(({ name, builds }) => builds.flatMap((report) => notesOn(name, report)));
  return [...tableLines([head, ...rows]), ...notes];
}

function stateOf({ build, progress, waitsFor }: BuildReport, version: number): string {
  if (build.status !== "building") {
    if (build.status === "active" || !build.serving) return build.status;
    return `${build.status}, serves version ${build.version}${build.version === version ? "" : " of other nodes"}`;
  }
  if (waitsFor !== null) return "complete, waits";
  const percent = build.target === 0n ? 100n : (100n * progress.position) / build.target;
  const left = progress.etaSeconds === null ? "" : `, ${shownDuration(progress.etaSeconds)} left`;
  return `${build.returning ? "rolling back" : "building"} ${percent > 100n ? 100n : percent} %${left}`;
}

function notesOn(name: string, { build, waitsFor, parked, holders }: BuildReport): readonly string[] {
  const which = `${name} build ${build.number}`;
  return [
    ...(waitsFor === null
      ? []
      : [
          `${which} is complete, but ${counted(parked.sequences, "sequence")} of it ${parked.sequences === 1 ? "is" : "are"} parked: tidemark dead-letters retry-all ${name}, ` +
            `or tidemark projections ${build.returning ? "rollback" : "rebuild"} ${name} --activate-with-parked`,
        ]),
    ...holders
      .filter(({ error }) => error !== null)
      .map(({ partition, state, error }) => `${which}, partition ${partition}: ${state}: ${error}`),
  ];
}

/** One line for each projection, and one for each field that changed without a new version. */
export function planLines(plans: readonly ProjectionPlan[]): readonly string[] {
  const rows = plans.map((plan) => [
    plan.projection,
    String(plan.version),
    plan.activeVersion === null ? "-" : String(plan.activeVersion),
    plan.action,
    plan.action === "none" || plan.action === "refused" ? "" : `about ${plan.estimatedEvents}`,
  ]);
  const changes = plans.flatMap(({ projection, version, changes: fields }) => [
    ...fields.map(({ message }) => `${projection} version ${version}: ${message}`),
    ...(fields.length === 0 ? [] : [`Give ${projection} version ${version + 1}, and it is rebuilt.`]),
  ]);
  return [
    ...tableLines([["PROJECTION", "VERSION", "ACTIVE", "THE START WILL", "EVENTS"], ...rows]),
    ...changes,
  ];
}

/** One line for each row that differs. */
export function verificationLines(found: Verification): readonly string[] {
  const { build, rows, differing, differences, position, parkedSequences } = found;
  const compared = `${build.projection} build ${build.number}: ${counted(rows, "row")} compared at position ${position}, ${differing} differ`;
  const shown = differences.map(({ table, key, column, live, recomputed }) => [
    table,
    Object.entries(key)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
    column ?? "(the row)",
    live === undefined ? "(missing)" : String(live),
    recomputed === undefined ? "(missing)" : String(recomputed),
  ]);
  return [
    compared,
    ...(parkedSequences === 0
      ? []
      : [`${parkedSequences} of its sequences are parked: their rows may differ.`]),
    ...(shown.length === 0 ? [] : tableLines([["TABLE", "KEY", "COLUMN", "LIVE", "RECOMPUTED"], ...shown])),
    ...(differing > BigInt(shown.length) ? [`and ${differing - BigInt(shown.length)} more`] : []),
  ];
}

import { Command } from "commander";
import type { BuildProgress } from "../../projection/build.ts";
import { exitStatus } from "../cli-failure.ts";
import { planLines, statusLines, verificationLines } from "../describe-projections.ts";
import { withApplication, type CommandContext } from "../open-application.ts";
import { positiveNumber, wholeNumber } from "../parse-option.ts";
import { counted, shownDuration } from "../print-table.ts";
import { createProgress } from "../progress.ts";
import { addPartitionCommands } from "./partitions.ts";

/** Builds of read models, and the parts that processes share them by. */
export function projectionsCommand(signal: AbortSignal): Command {
  const group = new Command("projections").description("read models: look, rebuild, verify, roll back");
  const run = (command: Command, action: (context: CommandContext) => Promise<void>): Promise<void> =>
    withApplication(command, signal, action);
  const add = (name: string, description: string): Command => group.command(name).description(description);

  const status = add("status", "every build: state, lag, parked sequences, who works on it");
  status.action(() =>
    run(status, async ({ application, output }) => {
      const statuses = await application.projections.status();
      for (const line of statusLines(statuses)) output.line(line);
      output.result(statuses);
    }),
  );

  const plan = add("plan", "what the start of this code would do; does nothing");
  plan.action(() =>
    run(plan, async ({ application, output }) => {
      const plans = await application.projections.plan({ signal });
      for (const line of planLines(plans)) output.line(line);
      output.result(plans);
      if (plans.some(({ action }) => action === "refused")) process.exitCode = exitStatus.negative;
    }),
  );

  const rebuild = add("rebuild", "build a read model anew beside the one that serves, then swap")
    .argument("<name>")
    .option("--rate <events>", "events a second at most, in whichever process", positiveNumber)
    .option("--activate-with-parked", "let it serve although events of it are parked");
  rebuild.action((name: string, options: { readonly rate?: number; readonly activateWithParked?: true }) =>
    run(rebuild, async (context) => {
      const { rate, activateWithParked = false } = options;
      await follow(context, name, `Rebuild ${name}`, (onProgress) =>
        context.application.projections.rebuild(name, {
          ...(rate === undefined ? {} : { eventsPerSecond: rate }),
          ...(activateWithParked ? { activateWithParked } : {}),
          onProgress,
          signal,
        }),
      );
    }),
  );

  const rollback = add("rollback", "bring the build before up to date and let it serve again")
    .argument("<name>")
    .option("--build <number>", "a retired build of this version instead of the newest", wholeNumber)
    .option("--activate-with-parked", "let it serve although events of it are parked");
  rollback.action((name: string, options: { readonly build?: number; readonly activateWithParked?: true }) =>
    run(rollback, async (context) => {
      await follow(context, name, `Roll back ${name}`, (onProgress) =>
        context.application.projections.rollback(name, { ...options, onProgress, signal }),
      );
    }),
  );

  const verify = add("verify", "recompute a read model beside it and tell which rows differ").argument(
    "<name>",
  );
  verify.action((name: string) =>
    run(verify, async ({ application, output }) => {
      const progress = createProgress(`Verify ${name}`);
      const found = await application.projections
        .verify(name, { signal, onProgress: (events, total) => progress.update(events, total) })
        .finally(() => progress.stop());
      for (const line of verificationLines(found)) output.line(line);
      output.result(found);
      if (found.differing > 0n) process.exitCode = exitStatus.negative;
    }),
  );

  const cancel = add("cancel", "give up a rebuild or rollback that is under way").argument("<name>");
  cancel.action((name: string) =>
    run(cancel, async ({ application, output }) => {
      const cancelled = await application.projections.cancel(name);
      output.line(cancelled ? `The rebuild of ${name} is cancelled.` : `Nothing of ${name} is under way.`);
      output.result({ projection: name, cancelled });
    }),
  );

  const confirm = add("confirm", "drop retired builds for good: there is no way back to them").argument(
    "<name>",
  );
  confirm.action((name: string) =>
    run(confirm, async ({ application, output }) => {
      const dropped = await application.projections.confirm(name);
      const numbers = dropped.map(({ number, version }) => `build ${number} of version ${version}`);
      output.line(
        numbers.length === 0
          ? `No retired build of ${name} could be dropped: there is none, or a process works on it.`
          : `Dropped: ${numbers.join(", ")}.`,
      );
      output.result({ projection: name, dropped });
    }),
  );

  addPartitionCommands(group, signal, "projection", (application) => application.projections.partitions);
  return group;
}

async function follow(
  { output, signal }: CommandContext,
  name: string,
  label: string,
  start: (
    onProgress: (progress: BuildProgress) => void,
  ) => Promise<{ readonly number: number; readonly version: number; readonly schema: string }>,
): Promise<void> {
  // Positions of some stores are bytes: they tell how far it is, and nothing that could be counted.
  const progress = createProgress(label, null);
  const build = await start(({ position, target, events, eventsPerSecond, etaSeconds }) => {
    const notes = [counted(events, "event")];
    if (eventsPerSecond >= 1) notes.push(`${Math.round(eventsPerSecond)} events/s`);
    if (etaSeconds !== null && etaSeconds > 0) notes.push(`${shownDuration(etaSeconds)} left`);
    progress.update(position > target ? target : position, target, notes.join(", "));
  })
    .catch((error: unknown) => {
      if (signal.aborted) {
        output.note(
          "The build stays as it is: it goes on when this command or an application with this projection runs again.",
        );
      }
      throw error;
    })
    .finally(() => progress.stop());
  const { number, version, schema } = build;
  output.line(`${name} version ${version}: build ${number} serves now.`);
  output.result({ projection: name, version, build: number, schema });
}

import { Command } from "commander";
import type { ReplayOptions } from "../../subscription/subscription-supervisor.ts";
import { CliFailure } from "../cli-failure.ts";
import { withApplication } from "../open-application.ts";
import { moment, position } from "../parse-option.ts";
import { counted, tableLines } from "../print-table.ts";
import { addPartitionCommands } from "./partitions.ts";

/** The application's subscriptions, which react to events. */
export function subscriptionsCommand(signal: AbortSignal): Command {
  const group = new Command("subscriptions").description("what reacts to events: look, go back in the log");

  const status = group
    .command("status")
    .description("every subscription: lag, parked sequences, who works on it");
  status.action(() =>
    withApplication(status, signal, async ({ application, output }) => {
      const statuses = await application.subscriptions.status();
      const rows = statuses.map(({ name, events, lag, parked, replayUntil, positions, holders }) => [
        name,
        String(events),
        String(lag),
        String(parked.sequences),
        positions.some((at) => at.position < replayUntil) ? `replays up to ${replayUntil}` : "live",
        holders.map(({ label, state }) => `${label}${state === "running" ? "" : ` (${state})`}`)[0] ??
          "nobody",
      ]);
      if (rows.length === 0) {
        const isNone = application.definition.subscriptions.length === 0;
        output.line(isNone ? "The application has no subscriptions." : "No subscription has begun yet.");
        return output.result(statuses);
      }
      const head = ["SUBSCRIPTION", "EVENTS", "LAG", "PARKED", "STATE", "WORKED ON BY"];
      for (const line of tableLines([head, ...rows])) output.line(line);
      output.result(statuses);
    }),
  );

  const replay = group
    .command("replay")
    .description("go back in the log; handlers that must not fire for history are muted up to where it was")
    .argument("<name>")
    .option("--position <position>", "go on behind this position; 0 for the beginning", position)
    .option(
      "--time <time>",
      "go on with what was recorded from this time on, such as 2026-03-01T12:00:00Z",
      moment,
    )
    .option("--discard-parked", "give up what is parked, with --reason and --by; else it is in the way")
    .option("--reason <text>", "why it is given up")
    .option("--by <who>", "who says so");
  replay.action((name: string, options: ReplayCommandOptions) =>
    withApplication(replay, signal, async ({ application, output }) => {
      const replayed = await application.subscriptions.replay(name, whereFrom(options), discarding(options));
      output.line(
        replayed.partitions === 0
          ? `${name} has not come further than position ${replayed.position}: nothing to go back from.`
          : `${name} goes on behind position ${replayed.position} in ${counted(replayed.partitions, "partition")}.`,
      );
      output.result({ subscription: name, ...replayed });
    }),
  );
  addPartitionCommands(group, signal, "subscription", (application) => application.subscriptions.partitions);
  return group;
}

interface ReplayCommandOptions {
  readonly position?: bigint;
  readonly time?: Date;
  readonly discardParked?: true;
  readonly reason?: string;
  readonly by?: string;
}

function discarding({ discardParked, reason, by }: ReplayCommandOptions): ReplayOptions {
  if (discardParked !== true) return {};
  if (reason === undefined || by === undefined)
    throw new CliFailure("What is discarded is kept with a reason: give --reason and --by");
  return { discardParked: { reason, requestedBy: by } };
}

function whereFrom({
  position: at,
  time,
}: ReplayCommandOptions): { readonly position: bigint } | { readonly time: Date } {
  if (at !== undefined && time === undefined) return { position: at };
  if (at === undefined && time !== undefined) return { time };
  throw new CliFailure("Say from where: give either --position or --time");
}

import { Command } from "commander";
import type {
  DeadLetterReport,
  DiscardedLetterReport,
  ParkedSequenceReport,
  SequenceOutcome,
} from "../../subscription/dead-letters.ts";
import { CliFailure, exitStatus } from "../cli-failure.ts";
import { withApplication, type CommandContext } from "../open-application.ts";
import { jsonText } from "../output.ts";
import { positiveNumber, wholeNumber } from "../parse-option.ts";
import { counted, shownTime, tableLines } from "../print-table.ts";
import { createProgress } from "../progress.ts";

const mostListed = 10_000;

const defaultTimeout = 30;

interface TimeoutOption {
  readonly timeout: number;
}

/** Events that could not be handled, by sequence. */
export function deadLettersCommand(signal: AbortSignal): Command {
  const group = new Command("dead-letters").description(
    "events that could not be handled, and what waits behind them",
  );
  const run = (command: Command, action: (context: CommandContext) => Promise<void>): Promise<void> =>
    withApplication(command, signal, action);
  const add = (name: string, description: string): Command => group.command(name).description(description);

  const list = add("list", "sequences that stand still, the oldest first")
    .argument("[name]", "of a projection or subscription")
    .option("--limit <count>", "how many at most", wholeNumber, 100);
  list.action((name: string | undefined, { limit }: { readonly limit: number }) =>
    run(list, async ({ application, output }) => {
      const parked = await application.deadLetters.list(name, { limit });
      for (const line of listLines(parked)) output.line(line);
      output.result(parked);
    }),
  );

  const show = add("show", "the events of a sequence, decoded, with the error")
    .argument("<name>")
    .argument("<sequence>", "as listed, such as key:42")
    .option("--limit <count>", "how many events at most", wholeNumber, 20);
  show.action((name: string, sequence: string, { limit }: { readonly limit: number }) =>
    run(show, async (context) => {
      const { application, output } = context;
      for (const parked of await find(context, name, sequence)) {
        output.line(
          `${parked.name} ${sequence}: ${counted(parked.events, "event")}, ${counted(parked.attempts, "attempt")}`,
        );
        output.line(`  ${parked.error}`);
        const letters: DeadLetterReport[] = [];
        for await (const letter of application.deadLetters.show(parked, { limit, signal })) {
          letters.push(letter);
          output.line(
            `${letter.position}  ${letter.stored.type}  ${shownTime(letter.stored.recordedAt)}  ${payload(letter)}`,
          );
        }
        output.result({ ...parked, letters: letters.map(toJson) });
      }
    }),
  );

  const discarded = add("discarded", "events that were given up, the newest first, with the reason")
    .argument("[name]", "of a projection or subscription")
    .option("--limit <count>", "how many at most", wholeNumber, 100);
  discarded.action((name: string | undefined, { limit }: { readonly limit: number }) =>
    run(discarded, async ({ application, output }) => {
      const letters = await application.deadLetters.discarded(name, { limit });
      for (const line of discardedLines(letters)) output.line(line);
      output.result(letters);
    }),
  );

  const retry = withTimeout(add("retry", "handle a sequence again, in order, with today's code"))
    .argument("<name>")
    .argument("<sequence>");
  retry.action((name: string, sequence: string, { timeout }: TimeoutOption) =>
    run(retry, async (context) => {
      await ask(context, name, timeout, (options) =>
        context.application.deadLetters.retry(name, sequence, options),
      );
    }),
  );

  const retryAll = withTimeout(add("retry-all", "handle every parked sequence again")).argument("<name>");
  retryAll.action((name: string, { timeout }: TimeoutOption) =>
    run(retryAll, async (context) => {
      await ask(context, name, timeout, (options) => context.application.deadLetters.retryAll(name, options));
    }),
  );

  const discard = withTimeout(add("discard", "give the events of a sequence up; kept with the reason"))
    .argument("<name>")
    .argument("<sequence>")
    .requiredOption("--reason <text>", "why they are given up")
    .requiredOption("--by <who>", "who says so");
  discard.action(
    (
      name: string,
      sequence: string,
      { timeout, reason, by }: TimeoutOption & { reason: string; by: string },
    ) =>
      run(discard, async (context) => {
        await ask(context, name, timeout, (options) =>
          context.application.deadLetters.discard(name, sequence, { ...options, reason, requestedBy: by }),
        );
      }),
  );
  return group;
}

function withTimeout(command: Command): Command {
  return command.option(
    "--timeout <seconds>",
    "how long to wait for the outcome",
    positiveNumber,
    defaultTimeout,
  );
}

type Options = NonNullable<Parameters<CommandContext["application"]["deadLetters"]["retryAll"]>[1]>;

/** Asks whoever works on it; where nobody does, this process works on it meanwhile. */
async function ask(
  context: CommandContext,
  name: string,
  timeoutSeconds: number,
  request: (options: Options) => Promise<readonly SequenceOutcome[]>,
): Promise<void> {
  const { application, output, signal } = context;
  const isProjection = application.definition.projections.some((projection) => projection.name === name);
  await using attended = isProjection ? await application.projections.attend(name) : null;
  void attended;
  const progress = createProgress(`Dead letters of ${name}`);
  let most = 0n;
  const outcomes = await request({
    timeoutMs: timeoutSeconds * 1_000,
    signal,
    onProgress: (left) => {
      if (left > most) most = left;
      progress.update(most - left, most);
    },
  }).finally(() => progress.stop());
  for (const { sequence, status, error } of outcomes)
    output.line(`${sequence}: ${status}${error === null ? "" : `: ${error}`}`);
  if (outcomes.length === 0) output.line(`Nothing of ${name} is parked.`);
  output.result(outcomes);
  const pending = outcomes.filter(({ status }) => status === "pending").length;
  if (pending > 0) {
    output.note(
      `${pending} of ${outcomes.length} ${pending === 1 ? "is" : "are"} not done after ${timeoutSeconds} s: done as soon as a process that runs ${name} comes to it.`,
    );
  }
  if (outcomes.some(({ status }) => status === "failed" || status === "pending"))
    process.exitCode = exitStatus.negative;
}

/** @throws CliFailure when it is not parked. */
async function find(
  { application }: CommandContext,
  name: string,
  sequence: string,
): Promise<readonly ParkedSequenceReport[]> {
  const parked = await application.deadLetters.list(name, { limit: mostListed });
  const found = parked.filter((report) => report.sequence === sequence);
  if (found.length > 0) return found;
  throw new CliFailure(
    `No sequence ${JSON.stringify(sequence)} of ${name} is parked: tidemark dead-letters list ${name} shows their names`,
  );
}

function listLines(parked: readonly ParkedSequenceReport[]): readonly string[] {
  if (parked.length === 0) return ["Nothing is parked."];
  const rows = parked.map(({ name, sequence, events, attempts, firstPosition, request, error }) => [
    name,
    sequence,
    String(events),
    String(attempts),
    String(firstPosition),
    request === null ? "" : request.kind,
    error.split("\n")[0] ?? "",
  ]);
  return tableLines([["NAME", "SEQUENCE", "EVENTS", "ATTEMPTS", "FROM", "ASKED", "ERROR"], ...rows]);
}

function discardedLines(letters: readonly DiscardedLetterReport[]): readonly string[] {
  if (letters.length === 0) return ["Nothing was discarded."];
  const rows = letters.map(({ name, sequence, position, discardedAt, discardedBy, reason, error }) => [
    name,
    sequence,
    String(position),
    shownTime(discardedAt),
    discardedBy,
    reason,
    error.split("\n")[0] ?? "",
  ]);
  return tableLines([["NAME", "SEQUENCE", "POSITION", "DISCARDED", "BY", "REASON", "ERROR"], ...rows]);
}

function payload({ decoded }: DeadLetterReport): string {
  if ("error" in decoded) return `cannot be decoded: ${decoded.error}`;
  return decoded.events.map(({ data }) => jsonText(data).replace(/\s*\n\s*/g, " ")).join(" ");
}

function toJson({ position, eventId, stored, decoded }: DeadLetterReport): unknown {
  const { streamId, revision, type, eventVersion, recordedAt } = stored;
  const known = { position, eventId, streamId, revision, type, eventVersion, recordedAt };
  if ("error" in decoded) return { ...known, error: decoded.error };
  return { ...known, events: decoded.events.map(({ type: name, data }) => ({ type: name, data })) };
}

import { DurationHistogram } from "./duration-histogram.ts";
import { OutcomeCounter } from "./outcome-counter.ts";

/** Commands of one kind. */
export interface CommandCounts {
  readonly aggregate: string;
  readonly command: string;
  readonly outcomes: OutcomeCounter;
  readonly duration: DurationHistogram;
}

/**
 * The commands of one application in one process, by kind. Those that are not defined count as one kind: names from
 * outside are many.
 */
export class CommandMeter {
  readonly #kinds = new Map<string, Map<string, CommandCounts>>();
  #inFlight = 0;

  get inFlight(): number {
    return this.#inFlight;
  }

  get all(): readonly CommandCounts[] {
    return [...this.#kinds.values()].flatMap((commands) => [...commands.values()]);
  }

  /** Counts a command, and hands its result on. */
  async measure<Result extends { readonly replayed: boolean }>(
    aggregate: { readonly name: string; readonly commands: object },
    command: string,
    running: Promise<Result>,
  ): Promise<Result> {
    const startedAt = performance.now();
    const known = Object.hasOwn(aggregate.commands, command) ? command : "unknown";
    const { outcomes, duration } = this.#of(aggregate.name, known);
    this.#inFlight += 1;
    try {
      const result = await running;
      outcomes.add(result.replayed ? "replayed" : "accepted");
      return result;
    } catch (error) {
      outcomes.addError(error);
      throw error;
    } finally {
      this.#inFlight -= 1;
      duration.ended(startedAt);
    }
  }

  #of(aggregate: string, command: string): CommandCounts {
    let commands = this.#kinds.get(aggregate);
    if (commands === undefined) this.#kinds.set(aggregate, (commands = new Map<string, CommandCounts>()));
    let counts = commands.get(command);
    if (counts === undefined) {
      counts = { aggregate, command, outcomes: new OutcomeCounter(), duration: new DurationHistogram() };
      commands.set(command, counts);
    }
    return counts;
  }
}

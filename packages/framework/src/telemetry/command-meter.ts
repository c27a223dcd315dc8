import { DurationHistogram } from "./duration-histogram.ts";
import { OutcomeCounter } from "./outcome-counter.ts";

/** Commands of one kind. */
export interface CommandCounts {
  readonly aggregate: string;
  readonly command: string;
  readonly outcomes: OutcomeCounter;
  readonly duration: DurationHistogram;
}

/** The commands of one application in one process, by kind. Only commands that are defined are kept: names from outside are many. */
export class CommandMeter {
  readonly #kinds = new Map<string, Map<string, CommandCounts>>();
  #inFlight = 0;

  get inFlight(): number {
    return this.#inFlight;
  }

  get all(): readonly CommandCounts[] {
    return [...this.#kinds.values()].flatMap((commands) => [...commands.values()]);
  }

  begin(): void {
    this.#inFlight += 1;
  }

  /** @param startedAt as `performance.now()` said */
  ended(aggregate: string, command: string, startedAt: number, replayed: boolean): void {
    this.#inFlight -= 1;
    const { outcomes, duration } = this.#of(aggregate, command);
    outcomes.add(replayed ? "replayed" : "accepted");
    duration.ended(startedAt);
  }

  /** @param startedAt as `performance.now()` said */
  failed(aggregate: string, command: string, startedAt: number, error: unknown): void {
    this.#inFlight -= 1;
    const { outcomes, duration } = this.#of(aggregate, command);
    outcomes.addError(error);
    duration.ended(startedAt);
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

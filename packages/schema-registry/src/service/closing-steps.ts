/** What has to be undone, in reverse order. */
export interface ClosingSteps {
  add(step: () => Promise<void>): void;
  /** Runs every step, even after one that fails. @throws AggregateError */
  run(): Promise<void>;
}

export function createClosingSteps(): ClosingSteps {
  const steps: (() => Promise<void>)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run() {
      const failures: unknown[] = [];
      // A pool left open would keep the database from stopping.
      for (const step of steps.splice(0).toReversed()) {
        await step().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, "The registry did not close cleanly");
    },
  };
}

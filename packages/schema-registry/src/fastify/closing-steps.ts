/** What has to be undone, in reverse order. */
export interface ClosingSteps {
  add(step: () => Promise<void>): void;
  /** Runs every step, even after one that fails; each once. @throws AggregateError */
  run(): Promise<void>;
}

/** @param owner who is closed, as the subject of a sentence: "The registry". */
export function createClosingSteps(owner: string): ClosingSteps {
  const steps: (() => Promise<void>)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run() {
      const failures: unknown[] = [];
      // A pool left open would keep the database from stopping.
      for (const step of steps.splice(0).toReversed()) {
        await step().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, `${owner} did not close cleanly`);
    },
  };
}

import { DomainError, TidemarkError } from "../errors.ts";

/** Counts how calls ended: by the name of an outcome, or by what was thrown. */
export class OutcomeCounter {
  readonly #counts = new Map<string, number>();

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  add(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  /**
   * `refused` for what the domain says no to, the code of the framework's errors, `aborted` for what the caller gave
   * up, `failed` for any other.
   */
  addError(error: unknown): void {
    if (error instanceof DomainError) this.add("refused");
    else if (error instanceof Error && error.name === "AbortError") this.add("aborted");
    else this.add(error instanceof TidemarkError ? error.code : "failed");
  }
}

import type { Logger } from "./logger.ts";

/**
 * Tells of an outage when it begins and when it is over, and of the tries between only at level `debug`: it may last
 * for days, and each try would be a long line with nothing new.
 */
export class OutageLog {
  readonly #logger: Logger;
  readonly #messages: { readonly begun: string; readonly over: string };
  #since: number | null = null;

  constructor(logger: Logger, messages: { readonly begun: string; readonly over: string }) {
    this.#logger = logger;
    this.#messages = messages;
  }

  failed(error: unknown, facts: Readonly<Record<string, unknown>> = {}): void {
    const { begun } = this.#messages;
    this.#logger.debug({ ...facts, err: error }, begun);
    if (this.#since !== null) return;
    this.#since = performance.now();
    this.#logger.warn({ ...facts, reason: error instanceof Error ? error.message : String(error) }, begun);
  }

  /** To be called with every success; it is silent unless something failed before. */
  succeeded(facts: Readonly<Record<string, unknown>> = {}): void {
    if (this.#since === null) return;
    const seconds = Math.round((performance.now() - this.#since) / 1_000);
    this.#since = null;
    this.#logger.info({ ...facts, seconds }, this.#messages.over);
  }
}

import { onAbort } from "../on-abort.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { BuildState } from "./build.ts";
import type { ProjectionStore, ProjectionWatcher } from "./projection-store.ts";

/** Milliseconds that the directory is out of date at most when no notification comes through. */
const pollMs = 1_000;

/** The builds of an application's projections as this process last saw them, kept fresh by notifications and polling. */
export class BuildDirectory {
  readonly #store: ProjectionStore;
  readonly #projections: readonly string[];
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #changed = new Set<() => void>();
  #states: readonly BuildState[] = [];
  #loaded = false;
  #refreshing: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: {
    readonly store: ProjectionStore;
    readonly projections: readonly string[];
    readonly logger: Logger;
  }) {
    this.#store = options.store;
    this.#projections = options.projections;
    this.#logger = options.logger;
  }

  get states(): readonly BuildState[] {
    return this.#states;
  }

  /** The build that queries for this version are sent to. */
  serving(projection: string, version: number): BuildState | null {
    return this.#find(projection, version, ({ build }) => build.serving);
  }

  /** The build of this version that is under way. */
  building(projection: string, version: number): BuildState | null {
    return this.#find(projection, version, ({ build }) => build.status === "building");
  }

  /** Loads once, and from then on follows what other processes do. */
  async open(
    watcher: Pick<ProjectionWatcher, "onFollow" | "onRequest" | "onPartitionsChanged">,
  ): Promise<void> {
    if (this.#timer === null) {
      this.#store.watch({ ...watcher, onBuildsChanged: () => this.#refreshSoon() }, this.#closing.signal);
      this.#timer = setInterval(() => this.#refreshSoon(), pollMs);
      this.#timer.unref();
    }
    if (!this.#loaded) await this.refresh();
  }

  /** Sees everything that was committed before the call: a load that is under way may have begun too early. */
  refresh(): Promise<void> {
    if (this.#refreshing === null) return this.#begin();
    this.#next ??= this.#refreshing.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  /** Calls back after each refresh. */
  onRefresh(listener: () => void): void {
    this.#changed.add(listener);
  }

  /** Waits for the next refresh. */
  async nextRefresh(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#changed.delete(done);
        forget();
        forgetClosing();
        resolve();
      };
      this.#changed.add(done);
      const forget = onAbort(signal, done);
      const forgetClosing = onAbort(this.#closing.signal, done);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#refreshing?.catch(() => undefined);
  }

  #find(projection: string, version: number, condition: (state: BuildState) => boolean): BuildState | null {
    return (
      this.#states.find(
        (state) =>
          state.build.projection === projection && state.build.version === version && condition(state),
      ) ?? null
    );
  }

  #refreshSoon(): void {
    if (this.#closing.signal.aborted) return;
    this.refresh().catch((error: unknown) => {
      this.#logger.debug({ err: error }, "the builds of read models could not be read");
    });
  }

  #begin(): Promise<void> {
    this.#next = null;
    this.#refreshing = this.#load().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #load(): Promise<void> {
    this.#states = await this.#store.builds(this.#projections);
    this.#loaded = true;
    for (const listener of this.#changed) listener();
  }
}

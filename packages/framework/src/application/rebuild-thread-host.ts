import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { BuildHost } from "../projection/build-host.ts";
import type { Build } from "../projection/build.ts";
import { retryDelay, type RetryStrategy } from "../subscription/retry-strategy.ts";
import type { Logger } from "../telemetry/logger.ts";
import { builtModule } from "./built-module.ts";
import type { FromRebuildThread, RebuildThreadData, ToRebuildThread } from "./rebuild-message.ts";

export interface RebuildThreadOptions {
  /**
   * The built JavaScript module whose default export is the application's definition, as an absolute URL; where it is
   * `app.js` beside the caller, `new URL("./app.js", import.meta.url)`.
   */
  readonly module: string | URL;
  /** Builds of a shorter log stay in the application's own thread: they take less time than a thread. Default 50,000. */
  readonly fromEvents?: number;
  /**
   * Mebibytes of JavaScript memory that the thread may take; default 1,024. A fold or handler that takes more ends the
   * thread, not the application.
   */
  readonly maxMemoryMegabytes?: number;
}

/** How long a build, and the thread, may take to end in order; in milliseconds. */
const endMs = 3_000;

/**
 * Mebibytes of young objects; a collection moves up to a third of them at once. Beyond its limit Node gives a thread 16 to
 * end in: what one collection moves must not be more, or V8 ends the process instead of the thread (with 192 it did in 4 of
 * 8 tests, with 48 in none).
 */
const youngMegabytes = 48;

const restart: RetryStrategy = { steps: Infinity, duration: 1_000, factor: 2, jitter: 0.2, cap: 60_000 };

interface HostedBuild {
  readonly build: Build;
  readonly startDelayMs: number;
  readonly ended: Promise<void>;
  readonly settle: () => void;
  isEnding: boolean;
}

/**
 * Builds read models in a worker thread, so that folds of history hold up neither requests nor heartbeats. The thread
 * is started with the first build, ends with the last one, and is started again when it fails.
 */
export class RebuildThreadHost implements BuildHost {
  readonly #data: RebuildThreadData;
  readonly #fromEvents: bigint;
  readonly #maxMemory: number;
  readonly #logger: Logger;
  readonly #onEnded: () => void;
  readonly #builds = new Map<bigint, HostedBuild>();
  readonly #closing = new AbortController();
  #worker: Worker | null = null;
  #exited: Promise<void> = Promise.resolve();
  #failures = 0;
  #restarting = false;

  /** `onEnded`: a build is under way no more, or not here. */
  constructor(
    options: RebuildThreadOptions,
    data: Omit<RebuildThreadData, "module">,
    logger: Logger,
    onEnded: () => void,
  ) {
    this.#data = { ...data, module: String(options.module) };
    this.#fromEvents = BigInt(options.fromEvents ?? 50_000);
    this.#maxMemory = options.maxMemoryMegabytes ?? 1_024;
    this.#logger = logger;
    this.#onEnded = onEnded;
  }

  takes({ target }: Build): boolean {
    return target >= this.#fromEvents;
  }

  has(id: bigint): boolean {
    return this.#builds.has(id);
  }

  begin(build: Build, startDelayMs: number): void {
    if (this.#builds.has(build.id) || this.#closing.signal.aborted) return;
    let settle = (): void => {};
    const ended = new Promise<void>((resolve) => (settle = resolve));
    this.#builds.set(build.id, { build, startDelayMs, ended, settle, isEnding: false });
    if (this.#worker === null) this.#start();
    else this.#send({ type: "begin", build: build.id, startDelayMs });
  }

  async end(id: bigint): Promise<void> {
    const hosted = this.#builds.get(id);
    if (hosted === undefined) return;
    hosted.isEnding = true;
    const worker = this.#worker;
    if (worker === null) return this.#ended(id);
    this.#send({ type: "end", build: id });
    if (await this.#isInTime(hosted.ended)) return;
    this.#logger.warn(
      { build: hosted.build.schema, waitedMs: endMs },
      "a fold or handler of a build that is to end does not yield: the thread is ended, and other builds in it start again",
    );
    // Its exit begins the other builds anew.
    await worker.terminate();
    await hosted.ended;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const worker = this.#worker;
    if (worker !== null) {
      this.#send({ type: "close" });
      if (!(await this.#isInTime(this.#exited))) await worker.terminate();
    }
    for (const id of this.#builds.keys()) this.#ended(id);
  }

  async #isInTime(end: Promise<void>): Promise<boolean> {
    const patience = new AbortController();
    const late = delay(endMs, false, { signal: patience.signal }).catch(() => false);
    const inTime = await Promise.race([end.then(() => true), late]);
    patience.abort();
    return inTime;
  }

  #send(message: ToRebuildThread): void {
    this.#worker?.postMessage(message);
  }

  #start(): void {
    if (this.#restarting || this.#closing.signal.aborted) return;
    const worker = new Worker(builtModule("./rebuild-thread.js", import.meta.url), {
      workerData: this.#data,
      name: "rebuild",
      resourceLimits: { maxOldGenerationSizeMb: this.#maxMemory, maxYoungGenerationSizeMb: youngMegabytes },
    });
    this.#worker = worker;
    worker.on("message", (message: FromRebuildThread) => this.#received(message));
    let failure: unknown = null;
    worker.once("error", (error: unknown) => {
      failure = error;
    });
    this.#exited = new Promise((resolve) => {
      worker.once("exit", () => {
        resolve();
        void this.#exit(failure);
      });
    });
    for (const { build, startDelayMs } of this.#builds.values())
      this.#send({ type: "begin", build: build.id, startDelayMs });
  }

  #received(message: FromRebuildThread): void {
    if (message.type === "ended") {
      this.#failures = 0;
      this.#ended(message.build);
      if (this.#builds.size === 0) this.#send({ type: "close" });
    } else {
      this.#logger[message.level](message.fields, message.message);
    }
  }

  #ended(id: bigint): void {
    const hosted = this.#builds.get(id);
    if (hosted === undefined) return;
    this.#builds.delete(id);
    hosted.settle();
    this.#onEnded();
  }

  async #exit(failure: unknown): Promise<void> {
    this.#worker = null;
    for (const [id, { isEnding }] of this.#builds) if (isEnding) this.#ended(id);
    if (this.#closing.signal.aborted || this.#builds.size === 0) return;
    if (failure !== null) {
      this.#failures += 1;
      const wait = retryDelay(restart, this.#failures);
      const builds = [...this.#builds.values()].map(({ build }) => build.schema);
      this.#logger.error({ err: failure, builds, retryInMs: wait }, this.#explain(failure));
      this.#restarting = true;
      await delay(wait, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      this.#restarting = false;
    }
    if (this.#builds.size > 0) this.#start();
  }

  #explain(failure: unknown): string {
    const isOutOfMemory =
      failure instanceof Error && "code" in failure && failure.code === "ERR_WORKER_OUT_OF_MEMORY";
    return isOutOfMemory
      ? `the thread that rebuilds took more than ${this.#maxMemory} MiB and was ended: a fold or handler keeps too much, or rebuildThread.maxMemoryMegabytes is too low`
      : "the thread that rebuilds has failed and is started again";
  }
}

import cliProgress from "cli-progress";
import { createRate } from "./progress-rate.ts";

export interface ProgressOptions {
  readonly label: string;
  /** In `unit`; null when it is not known, then no end is estimated. */
  readonly total: number | null;
  /** What is counted: `"bytes"` (shown as MB) or a plural noun such as `"events"`. */
  readonly unit: string;
  /** Where to write; stderr by default, so that stdout stays the result. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** One JSON object a line instead of text for people. */
  readonly json?: boolean;
  /** Milliseconds that never run backwards. */
  readonly clock?: () => number;
}

/** Tells a person, or with `json` a program, how far a long operation is. */
export interface Progress {
  /** Cheap: may be called for every record. */
  update(done: number, total?: number): void;
  /** Writes a line of its own, above the bar. */
  log(line: string): void;
  /** Shows the last state and gives the terminal back. */
  stop(): void;
}

interface State {
  readonly done: number;
  readonly total: number | null;
  readonly perSecond: number | null;
}

const lineEveryMs = 3_000;

function formatAmounts(unit: string, ...values: readonly number[]): string {
  if (unit === "bytes") return `${values.map((value) => (value / 1e6).toFixed(1)).join(" of ")} MB`;
  return `${values.map((value) => Math.round(value).toLocaleString("en-US")).join(" of ")} ${unit}`;
}

function secondsLeft({ done, total, perSecond }: State): number | null {
  if (total === null || perSecond === null || perSecond <= 0) return null;
  return Math.ceil(Math.max(0, total - done) / perSecond);
}

function formatDuration(seconds: number): string {
  const digits = (value: number) => Math.floor(value).toString().padStart(2, "0");
  const hours = seconds >= 3600 ? `${digits(seconds / 3600)}:` : "";
  return `${hours}${digits((seconds % 3600) / 60)}:${digits(seconds % 60)}`;
}

/** For example `12.3 of 101.2 MB, 6.1 MB/s, 00:15 left`. */
function describe(unit: string, state: State): string {
  const amounts = state.total === null ? [state.done] : [state.done, state.total];
  const left = secondsLeft(state);
  return [
    formatAmounts(unit, ...amounts),
    ...(state.perSecond === null ? [] : [`${formatAmounts(unit, state.perSecond)}/s`]),
    ...(left === null ? [] : [`${formatDuration(left)} left`]),
  ].join(", ");
}

/** Shows a state; `final` for the last one. */
interface Display {
  show(state: State, final: boolean): void;
  log(line: string): void;
}

function barFormat(total: number | null): string {
  return total === null ? "{label} | {text}" : "{label} [{bar}] {percentage} % | {text}";
}

function createBar({ label, unit }: ProgressOptions, stream: NodeJS.WritableStream): Display {
  const bars = new cliProgress.MultiBar({
    stream,
    barsize: 24,
    // The command line decides what Ctrl-C does.
    gracefulExit: false,
    hideCursor: false,
  });
  let bar: cliProgress.SingleBar | null = null;
  let hasUnwritten = false;
  return {
    show(state, final) {
      // Drawn from the first state on, because some operations know their total only then.
      bar ??= bars.create(state.total ?? 0, 0, { label, text: "" }, { format: barFormat(state.total) });
      if (state.total !== null) bar.setTotal(state.total);
      bar.update(state.done, { text: describe(unit, state) });
      if (!final) return;
      // `stop` forgets the lines that wait for the next redraw.
      if (hasUnwritten) bars.update();
      bars.stop();
    },
    log(line) {
      hasUnwritten = true;
      bars.log(`${line}\n`);
    },
  };
}

function throttled(clock: () => number, write: (state: State) => void): Display["show"] {
  let last = clock();
  return (state, final) => {
    if (!final && clock() - last < lineEveryMs) return;
    last = clock();
    write(state);
  };
}

function createLines(
  { label, unit, json }: ProgressOptions,
  stream: NodeJS.WritableStream,
  clock: () => number,
) {
  const write = (line: string) => void stream.write(`${line}\n`);
  const display: Display = json
    ? {
        show: throttled(clock, (state) => {
          write(JSON.stringify({ progress: label, unit, ...state, secondsLeft: secondsLeft(state) }));
        }),
        log: (message) => write(JSON.stringify({ message })),
      }
    : {
        show: throttled(clock, (state) => {
          const share = state.total === null ? "" : ` ${percentage(state.done, state.total)} %,`;
          write(`${label}:${share} ${describe(unit, state)}`);
        }),
        log: write,
      };
  return display;
}

function percentage(done: number, total: number): number {
  return total === 0 ? 100 : Math.floor((100 * done) / total);
}

/**
 * Starts to show progress: a bar with rate and time left on a terminal, else a plain line every three seconds, so that
 * logs stay readable.
 *
 * @example
 * const progress = createProgress({ label: "Import", total: file.totalBytes, unit: "bytes" });
 * for await (const record of file.records) progress.update(file.bytesRead());
 * progress.stop();
 */
export function createProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  const clock = options.clock ?? (() => performance.now());
  const isTerminal = "isTTY" in stream && stream.isTTY === true;
  const display =
    isTerminal && options.json !== true ? createBar(options, stream) : createLines(options, stream, clock);
  const rate = createRate({ at: clock(), done: 0 });
  let state: State = { done: 0, total: options.total, perSecond: null };
  let stopped = false;
  return {
    update(done, total) {
      if (stopped) return;
      rate.add({ at: clock(), done });
      state = { done, total: total ?? state.total, perSecond: rate.perSecond() };
      display.show(state, false);
    },
    log: (line) => display.log(line),
    stop() {
      if (stopped) return;
      stopped = true;
      display.show(state, true);
    },
  };
}

import cliProgress from "cli-progress";

/** Tells people how far a long operation is: a bar on a terminal, else a line every few seconds. */
export interface Progress {
  /** `note` says more, the rate and the time that is left for example. */
  update(done: bigint, total: bigint, note?: string): void;
  /** Ends the bar. */
  stop(): void;
}

const lineEveryMs = 3_000;

/** @param unit of what is counted; `null` to show only how far it is */
export function createProgress(label: string, unit: "events" | "bytes" | null = "events"): Progress {
  const stream = process.stderr;
  return stream.isTTY
    ? createBar(label, unit)
    : createLines(label, unit, (line) => void stream.write(`${line}\n`));
}

function createBar(label: string, unit: string | null): Progress {
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: `${label} [{bar}] {percentage} %${unit === null ? "" : ` | {value} of {total} ${unit}`}{note}`,
    barsize: 24,
    // The command decides what Ctrl-C does.
    gracefulExit: false,
    hideCursor: false,
  });
  let isStarted = false;
  return {
    update(done, total, note = "") {
      const shown = { note: note === "" ? "" : ` | ${note}` };
      if (!isStarted) bar.start(Number(total), Number(done), shown);
      isStarted = true;
      bar.setTotal(Number(total));
      bar.update(Number(done), shown);
    },
    stop() {
      if (isStarted) bar.stop();
    },
  };
}

function createLines(label: string, unit: string | null, write: (line: string) => void): Progress {
  let shownAt = performance.now();
  return {
    update(done, total, note = "") {
      if (performance.now() - shownAt < lineEveryMs) return;
      shownAt = performance.now();
      const percent = total === 0n ? 100n : (100n * done) / total;
      write(
        `${label}: ${percent} %${unit === null ? "" : `, ${done} of ${total} ${unit}`}${note === "" ? "" : `, ${note}`}`,
      );
    },
    stop() {},
  };
}

import cliProgress from "cli-progress";

/** Tells people how far a long operation is: a bar on a terminal, else a line every few seconds. */
export interface Progress {
  /** `note` says more, the rate and the time that is left for example. */
  update(done: bigint, total: bigint, note?: string): void;
  /** Ends the bar. */
  stop(): void;
}

const lineEveryMs = 3_000;

export function createProgress(label: string): Progress {
  const stream = process.stderr;
  return stream.isTTY ? createBar(label) : createLines(label, (line) => void stream.write(`${line}\n`));
}

function createBar(label: string): Progress {
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: `${label} [{bar}] {percentage} % | {value} of {total} events{note}`,
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

function createLines(label: string, write: (line: string) => void): Progress {
  let shownAt = performance.now();
  return {
    update(done, total, note = "") {
      if (performance.now() - shownAt < lineEveryMs) return;
      shownAt = performance.now();
      const percent = total === 0n ? 100n : (100n * done) / total;
      write(`${label}: ${percent} %, ${done} of ${total} events${note === "" ? "" : `, ${note}`}`);
    },
    stop() {},
  };
}

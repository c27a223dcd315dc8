/**
 * The node's time: it stamps events, and decides `$maxAge` and the time-outs of persistent subscriptions. It runs with
 * the system's clock until a test moves or freezes it. Times are milliseconds since 1970.
 */
export interface NodeClock {
  now(): number;
  /** Moves the clock on by so many milliseconds; timers that are due fire before this returns. */
  advance(milliseconds: number): void;
  /** Sets the time of day; timers that are due fire before this returns. */
  set(time: number | Date): void;
  /** Stops the clock at the present time: from now on only `advance` and `set` move it. */
  freeze(): void;
  /** Calls back once after so many milliseconds of this clock. Returns how to cancel. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Back to the system's time, without timers. */
  reset(): void;
}

interface ClockTimer {
  readonly due: number;
  readonly callback: () => void;
}

export function createNodeClock(): NodeClock {
  let offset = 0;
  let frozenAt: number | undefined;
  let wakeUp: NodeJS.Timeout | undefined;
  const timers = new Set<ClockTimer>();

  const now = () => frozenAt ?? Date.now() + offset;

  function fireDue(): void {
    const due = [...timers].filter((timer) => timer.due <= now()).sort((one, other) => one.due - other.due);
    for (const timer of due) if (timers.delete(timer)) timer.callback();
    schedule();
  }

  function schedule(): void {
    clearTimeout(wakeUp);
    wakeUp = undefined;
    if (timers.size === 0 || frozenAt !== undefined) return;
    let first = Infinity;
    for (const timer of timers) first = Math.min(first, timer.due);
    // A timer of Node holds 31 bits and may fire a millisecond early; fireDue then plans the rest.
    wakeUp = setTimeout(fireDue, Math.min(Math.max(first - now(), 1), 2 ** 31 - 1));
    wakeUp.unref();
  }

  function moveTo(time: number): void {
    if (frozenAt === undefined) offset = time - Date.now();
    else frozenAt = time;
    fireDue();
  }

  return {
    now,
    advance: (milliseconds) => moveTo(now() + milliseconds),
    set: (time) => moveTo(Number(time)),
    freeze() {
      frozenAt = now();
      schedule();
    },
    after(milliseconds, callback) {
      const timer = { due: now() + milliseconds, callback };
      timers.add(timer);
      schedule();
      return () => {
        if (timers.delete(timer)) schedule();
      };
    },
    reset() {
      offset = 0;
      frozenAt = undefined;
      timers.clear();
      schedule();
    },
  };
}

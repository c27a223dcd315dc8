import { setTimeout as delay } from "node:timers/promises";

/** What comes within so many milliseconds; `null` when nothing does. What comes later is dropped, be it an error. */
export async function answerInTime<T>(
  asking: Promise<T>,
  milliseconds: number,
): Promise<{ readonly answer: T } | null> {
  const timer = new AbortController();
  const late = delay(milliseconds, null, { signal: timer.signal, ref: false }).catch(() => null);
  asking.catch(() => undefined);
  try {
    return await Promise.race([asking.then((answer) => ({ answer })), late]);
  } finally {
    timer.abort();
  }
}

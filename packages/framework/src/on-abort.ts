const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts, until the returned function is called. However many wait for a signal, it has one
 * listener: callers share one among all that they do at once, and from the eleventh on Node would warn of a leak.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  const waiting = listeners.get(signal) ?? listenTo(signal);
  // A function of its own, so that the same listener may wait twice.
  const call = (): void => listener();
  waiting.add(call);
  return () => void waiting.delete(call);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>();
  listeners.set(signal, waiting);
  const callAll = (): void => {
    for (const call of waiting) call();
    waiting.clear();
  };
  signal.addEventListener("abort", callAll, { once: true });
  return waiting;
}

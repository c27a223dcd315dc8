/**
 * Concurrent calls for one key share one `load`. A caller whose signal aborts leaves alone; when the last one has left,
 * the signal of `load` aborts.
 */
export type SingleFlight<T> = (
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly abandon: AbortController;
  waiting: number;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  function begin(key: string, load: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const abandon = new AbortController();
    const end = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    const flight: Flight<T> = { result: load(abandon.signal).finally(end), abandon, waiting: 0 };
    flights.set(key, flight);
    return flight;
  }

  function leave(key: string, flight: Flight<T>, reason: unknown): void {
    flight.waiting -= 1;
    if (flight.waiting > 0) return;
    if (flights.get(key) === flight) flights.delete(key);
    flight.abandon.abort(reason);
  }

  return async (key, load, signal) => {
    signal?.throwIfAborted();
    const flight = flights.get(key) ?? begin(key, load);
    flight.waiting += 1;
    if (!signal) return flight.result;
    return unlessAborted(flight.result, signal, () => leave(key, flight, signal.reason));
  };
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal, onAbort: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      onAbort();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

import { stepFailure, type HandlerStep } from "./handler-steps.ts";

/**
 * Runs a handler that has `milliseconds`. When they are over, or the batch is aborted from outside, the batch's signal
 * aborts and this rejects at once, whatever the handler still does.
 */
export async function withTimeout(
  step: HandlerStep,
  milliseconds: number,
  batch: AbortController,
  handle: () => unknown,
): Promise<void> {
  const { signal } = batch;
  const timer = setTimeout(() => batch.abort(stepFailure(step, tooLong(step, milliseconds))), milliseconds);
  try {
    signal.throwIfAborted();
    await Promise.race([handle(), abortion(signal)]);
    // A handler that returns because it was told to stop has not done its work.
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
}

function tooLong({ event }: HandlerStep, milliseconds: number): Error {
  return new Error(
    `The handler of ${event.type} took longer than ${milliseconds} ms: make it shorter or allow more.`,
  );
}

/** One for all the handlers of a batch: a listener for each would cost as much as the rest of this file. */
const abortions = new WeakMap<AbortSignal, Promise<never>>();

/** A promise that rejects when the signal aborts. */
function abortion(signal: AbortSignal): Promise<never> {
  const known = abortions.get(signal);
  if (known !== undefined) return known;
  const promise = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  // Nobody may be waiting when it aborts.
  promise.catch(() => {});
  abortions.set(signal, promise);
  return promise;
}

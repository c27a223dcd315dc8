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
  const { promise: over, dispose } = abortion(signal);
  try {
    signal.throwIfAborted();
    await Promise.race([handle(), over]);
  } finally {
    clearTimeout(timer);
    dispose();
  }
}

function tooLong({ event }: HandlerStep, milliseconds: number): Error {
  return new Error(
    `The handler of ${event.type} took longer than ${milliseconds} ms: make it shorter or allow more.`,
  );
}

/** A promise that rejects when the signal aborts, until it is disposed of. */
function abortion(signal: AbortSignal): { readonly promise: Promise<never>; readonly dispose: () => void } {
  let listener = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
    signal.addEventListener("abort", listener, { once: true });
  });
  return { promise, dispose: () => signal.removeEventListener("abort", listener) };
}

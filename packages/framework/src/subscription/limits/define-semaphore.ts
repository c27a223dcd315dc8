import { TidemarkError } from "../../errors.ts";

/** So many handlers at a time, in all processes together. Made by {@link defineSemaphore}. */
export interface Semaphore {
  readonly name: string;
  readonly permits: number;
}

const semaphoreName = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * Defines a semaphore that any number of subscriptions share: their handlers run only while they have one of its
 * permits. The permits are those of the process that started last.
 *
 * @throws TidemarkError `definition-invalid` when the name or the number is not allowed.
 * @example
 * const mailServer = defineSemaphore({ name: "mail-server", permits: 4 });
 */
export function defineSemaphore({ name, permits }: Semaphore): Semaphore {
  if (!semaphoreName.test(name))
    refuse(name, "its name must be 1-63 lower-case letters, digits or -, a letter first");
  if (!Number.isInteger(permits) || permits < 1 || permits > 10_000)
    refuse(name, "its permits must be a whole number from 1 to 10,000");
  return Object.freeze({ name, permits });
}

function refuse(name: string, rule: string): never {
  throw new TidemarkError(
    "definition-invalid",
    `The semaphore ${JSON.stringify(name)} is not well defined: ${rule}.`,
  );
}

import { PortUnavailableError } from "./check-port.ts";
import { EnvironmentError } from "./read-environment.ts";

/** A class of errors whose messages are written for people. */
type ErrorClass = abstract new (...args: never[]) => Error;

const always: readonly ErrorClass[] = [EnvironmentError, PortUnavailableError];

/**
 * What a command prints when it fails: one sentence for what its user can mend, the stack only for what nobody
 * expected.
 *
 * @param expected errors whose message says all, beside those of the environment and of ports.
 */
export function explainFailure(error: unknown, expected: readonly ErrorClass[]): string {
  if (error instanceof AggregateError) {
    return error.errors.map((each) => explainFailure(each, expected)).join("\n");
  }
  if (!(error instanceof Error)) return String(error);
  if ([...always, ...expected].some((known) => error instanceof known)) return sentence(error.message);
  return error.stack ?? error.message;
}

/** Libraries write their messages to be part of a longer one. */
function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

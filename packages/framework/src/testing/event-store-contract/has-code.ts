import { TidemarkError, type ErrorCode } from "../../errors.ts";

/** For `assert.rejects`: the framework's error with this code. */
export function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof TidemarkError && error.code === code;
}

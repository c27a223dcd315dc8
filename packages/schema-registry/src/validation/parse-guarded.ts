import { z } from "zod";

/** Refuses whatever it is given, with the reason that {@link parseGuarded} has to refuse an input as a whole. */
export const unreadable = z.never("has a field `length` that is neither a number nor a text");

interface Parser<Result> {
  readonly parse: (input: unknown) => Result;
  readonly isRefusal: (result: Result) => boolean;
  /** The answer to an input that cannot be read at all. */
  readonly refuse: () => Result;
}

/**
 * Parses with zod what comes from outside, so that no input makes it throw.
 *
 * zod compares the `length` of whatever stands in the place of a bounded string or array before it says that the type
 * is wrong, and no number can be made of `{ "length": { "toString": 0 } }`: the TypeError would be an answer of 500.
 * Such an input is parsed again with that `length` left out, to learn which field is refused; it is never accepted.
 *
 * @throws whatever `parse` throws for any other reason.
 */
export function parseGuarded<Result>({ parse, isRefusal, refuse }: Parser<Result>, input: unknown): Result {
  try {
    return parse(input);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const readable = withoutObjectLengths(input, 0);
    if (readable === input) throw error;
    const result = parse(readable);
    return isRefusal(result) ? result : refuse();
  }
}

/** Deeper than any schema looks; what is below stays as it is. */
const deepest = 100;

function withoutObjectLengths(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > deepest) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const mended = items.map((item) => withoutObjectLengths(item, depth + 1));
    return mended.some((item, index) => item !== items[index]) ? mended : value;
  }
  const entries = Object.entries(value);
  const mended = entries
    .filter(([name, field]) => name !== "length" || typeof field !== "object" || field === null)
    .map(([name, field]) => [name, withoutObjectLengths(field, depth + 1)] as const);
  const changed =
    mended.length < entries.length || mended.some(([name, field]) => field !== Reflect.get(value, name));
  return changed ? Object.fromEntries(mended) : value;
}

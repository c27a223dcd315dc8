import { AvroValueError } from "./avro-value-error.ts";

/** Records inside records, in one value: more would come near the end of the stack. */
export const maxNesting = 1000;

/** A rejected value on its way up: each level adds its step of the path, the codec turns it into the public error. */
export class ValueFault extends Error {
  readonly expected: string;
  readonly actual: string;
  #remedy: string;
  /** Steps of the path, innermost first: a field name, an index or a quoted key. */
  readonly #steps: string[] = [];

  constructor(expected: string, actual: string, remedy = "") {
    super(expected);
    this.expected = expected;
    this.actual = actual;
    this.#remedy = remedy;
  }

  within(step: string): this {
    this.#steps.push(step);
    return this;
  }

  /** Says what to do, unless a level below has said it. */
  advise(remedy: string): this {
    if (this.#remedy === "") this.#remedy = remedy;
    return this;
  }

  toError(): AvroValueError {
    const path = this.#steps.toReversed().join("").replace(/^\./, "");
    return new AvroValueError({ path, expected: this.expected, actual: this.actual, remedy: this.#remedy });
  }
}

/** Adds a step to the path of a fault; any other error passes as it is. */
export function withStep(error: unknown, step: string): unknown {
  return error instanceof ValueFault ? error.within(step) : error;
}

/** What the codec throws for an error from inside. */
export function toPublicError(error: unknown): unknown {
  if (error instanceof ValueFault) return error.toError();
  // Arrays between the records of a value may take all of the stack before the records reach their limit.
  if (error instanceof RangeError && error.message.includes("call stack")) {
    const details = {
      path: "",
      expected: "a value that nests less deeply",
      actual: "one that fills the stack",
    };
    return new AvroValueError(details, { cause: error });
  }
  return error;
}

/** A value in a few words: `number 1`, `string "abc"`, `array of 3`. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)}`;
    case "number":
    case "boolean":
      return `${typeof value} ${value}`;
    case "bigint":
      return value === BigInt.asIntN(128, value) ? `bigint ${value}n` : "bigint of more than 128 bits";
    case "object":
      return describeObject(value);
    default:
      return typeof value;
  }
}

function describeObject(value: object | null): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Date)
    return `Date ${Number.isNaN(value.getTime()) ? "(invalid)" : value.toISOString()}`;
  const keys = Object.keys(value);
  return `object {${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", ..." : ""}}`;
}

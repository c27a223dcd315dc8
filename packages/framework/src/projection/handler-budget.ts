/**
 * What a handler may send to the database for one event, in bytes of its statements and their parameters: one that
 * writes without end fails before it fills the memory of both sides.
 */
export class HandlerBudget {
  readonly #most: number;
  #spent = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The next event begins. */
  renew(): void {
    this.#spent = 0;
  }

  /** @throws Error once it is too much, and from then on until it is renewed. */
  spend(text: string, parameters: readonly unknown[]): void {
    this.#spent += text.length;
    for (const parameter of parameters) this.#spent += sizeOf(parameter);
    this.check();
  }

  /** @throws Error also for a handler that went on after it was told. */
  check(): void {
    if (this.#spent <= this.#most) return;
    throw new Error(
      `The handler has sent ${this.#spent} bytes for one event, more than maxHandlerBytes (${this.#most}): ` +
        "write less for one event, for example with one statement that computes in the database, or raise the limit.",
    );
  }
}

const fixedBytes = 8;

/** As the driver sends it, more or less. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, element) => sum + sizeOf(element), fixedBytes);
  if (typeof value !== "object" || value === null || value instanceof Date) return fixedBytes;
  return Object.entries(value).reduce((sum, [name, field]) => sum + name.length + sizeOf(field), fixedBytes);
}

import type pg from "pg";

const headerBytes = 19;
const rowCountBytes = 2;

/**
 * Runs `copy (...) to stdout (format binary)` and collects its rows as PostgreSQL's binary fields: the driver turns
 * every field of an ordinary row into a string, which costs more than all the rest of a read.
 */
export class CopyQuery implements pg.Submittable {
  /** One buffer a row: the number of fields, then each as a length (-1 for null) and its bytes. */
  readonly rows: Promise<Buffer[]>;
  readonly #text: string;
  readonly #received: Buffer[] = [];
  #resolve: (rows: Buffer[]) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #begun = false;

  constructor(text: string) {
    this.#text = text;
    this.rows = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text);
  }

  // The methods below are what pg calls on a query that it has been given.

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    const start = this.#begun ? 0 : headerBytes;
    this.#begun = true;
    // Only the trailer is as short as a number of fields.
    if (chunk.length - start <= rowCountBytes) return;
    // The driver uses its buffer again.
    const row = Buffer.allocUnsafe(chunk.length - start);
    chunk.copy(row, 0, start);
    this.#received.push(row);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#received);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleCommandComplete(): void {}
}

import type pg from "pg";

/** One row's fields as PostgreSQL writes them. */
export type TextFields = readonly (string | null)[];

/** What a procedure is called with: a Buffer is sent in binary form. */
export type CallValue = Buffer | string | null;

/** A call of one of the procedures that append. */
export interface ProcedureCall {
  /** Names the prepared statement. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly CallValue[];
}

// Said once a connection: in each call they cost 10 microseconds. A transaction pooler hands out connections of others.
const planner =
  "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off; " +
  "set enable_mergejoin = off; set jit = off";

/**
 * A connection for appends. A call may be written while the one before still runs: PostgreSQL runs it right behind that
 * one, in a transaction of its own, and no time passes between the two. The driver's own queries cost an append more
 * than all the rest of this process does for it.
 */
export class AppendConnection {
  readonly client: pg.PoolClient;
  readonly #prepared: boolean;
  readonly #parsed = new Set<string>();
  /** The statement that was sent to be prepared last. */
  #parsing = "";
  #connection: pg.Connection | null = null;

  private constructor(client: pg.PoolClient, prepared: boolean) {
    this.client = client;
    this.#prepared = prepared;
  }

  /** Once for each connection of the pool. */
  static async configure(
    client: pg.PoolClient,
    options: { readonly preparedStatements: boolean },
  ): Promise<AppendConnection> {
    if (options.preparedStatements) await client.query(planner);
    return new AppendConnection(client, options.preparedStatements);
  }

  /** @returns the one row that the procedure answers with, once its transaction has ended. */
  call({ name, text, values }: ProcedureCall): Promise<TextFields> {
    const query = new CallQuery((connection) => this.#write(connection, name, text, values));
    // Before it is known that the statement was prepared, the driver holds the call back until the one before has ended.
    if (this.#connection !== null && this.#parsed.has(name)) query.submit(this.#connection);
    this.client.query(query);
    return query.row;
  }

  #write(connection: pg.Connection, name: string, text: string, values: readonly CallValue[]): void {
    if (this.#connection === null && this.#prepared)
      connection.on("parseComplete", () => this.#parsed.add(this.#parsing));
    this.#connection = connection;
    const { stream } = connection;
    const statement = this.#prepared ? name : "";
    stream.cork();
    if (!this.#parsed.has(statement)) {
      this.#parsing = statement;
      connection.parse({ name: statement, text, types: [] }, true);
    }
    stream.write(bindExecuteSync(statement, values));
    stream.uncork();
  }
}

/** What the driver calls on a query that it has been given. */
class CallQuery implements pg.Submittable {
  readonly row: Promise<TextFields>;
  readonly #write: (connection: pg.Connection) => void;
  #submitted = false;
  #fields: TextFields | null = null;
  #resolve: (fields: TextFields) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(write: (connection: pg.Connection) => void) {
    this.#write = write;
    this.row = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    if (this.#submitted) return;
    this.#submitted = true;
    this.#write(connection);
  }

  handleDataRow({ fields }: { readonly fields: TextFields }): void {
    this.#fields = fields;
  }

  handleReadyForQuery(): void {
    if (this.#fields === null) this.#reject(new Error("An append procedure returned no row"));
    else this.#resolve(this.#fields);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleCommandComplete(): void {}
}

const bind = 0x42;
const textFormat = 0;
const binaryFormat = 1;
// Execute of the unnamed portal, all rows; Sync.
const executeSync = Buffer.from("450000000900000000005300000004", "hex");

/** One buffer, one write: the driver's own messages grow theirs by copying it again and again. */
function bindExecuteSync(statement: string, values: readonly CallValue[]): Buffer {
  let length = 4 + 1 + statement.length + 1 + 2 + 2 * values.length + 2 + 4;
  const lengths = values.map((value) => (value === null ? -1 : Buffer.byteLength(value)));
  for (const bytes of lengths) length += 4 + Math.max(bytes, 0);
  const message = Buffer.allocUnsafe(1 + length + executeSync.length);
  let offset = message.writeUInt8(bind, 0);
  offset = message.writeInt32BE(length, offset);
  offset = message.writeUInt8(0, offset);
  offset += message.write(statement, offset);
  offset = message.writeUInt8(0, offset);
  offset = message.writeInt16BE(values.length, offset);
  for (const value of values)
    offset = message.writeInt16BE(Buffer.isBuffer(value) ? binaryFormat : textFormat, offset);
  offset = message.writeInt16BE(values.length, offset);
  for (const [index, value] of values.entries()) {
    offset = message.writeInt32BE(lengths[index] ?? -1, offset);
    if (value === null) continue;
    offset += typeof value === "string" ? message.write(value, offset) : value.copy(message, offset);
  }
  offset = message.writeInt16BE(1, offset);
  offset = message.writeInt16BE(textFormat, offset);
  executeSync.copy(message, offset);
  return message;
}

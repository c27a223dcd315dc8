import type pg from "pg";

const signature = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");
const trailer = Buffer.from([0xff, 0xff]);
/** Microseconds from 1970 to 2000, where PostgreSQL's clock begins. */
const postgresEpoch = 946_684_800_000_000n;
const widths = [8, 0, 8, 8, 4, 2, 4, 2, 0, 0, 0, 8, 0] as const;

/** What the driver needs of a query that it does not know itself. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sync(): void;
}

/** One COPY FROM STDIN of rows of `events`, in the binary format. */
export function copyIn(
  client: pg.PoolClient,
  text: string,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | null = null;
    const finish = (error: Error | null) => (error === null ? resolve() : reject(error));
    const submittable = {
      callback: () => {},
      submit: (connection: CopyConnection) => connection.query(text),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(Buffer.concat([signature, ...rows.map(encodeRow), trailer]));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => {},
      handleReadyForQuery: () => finish(failure),
      handleError: (error: Error) => {
        failure = error;
        finish(error);
      },
    };
    // The driver's typings leave out what a submittable handles.
    client.query(submittable as unknown as pg.Submittable);
  });
}

function encodeRow(row: readonly unknown[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0, row.length])];
  row.forEach((value, column) => {
    const bytes = encodeValue(value, widths[column] ?? 0);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes?.length ?? -1);
    parts.push(length);
    if (bytes !== null) parts.push(bytes);
  });
  return Buffer.concat(parts);
}

function encodeValue(value: unknown, width: number): Buffer | null {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === "string") return Buffer.from(value.replaceAll("-", ""), "hex");
  const number =
    value instanceof Date ? BigInt(value.getTime()) * 1_000n - postgresEpoch : BigInt(Number(value));
  const bytes = Buffer.alloc(width);
  if (width === 8) bytes.writeBigInt64BE(number);
  else if (width === 4) bytes.writeInt32BE(Number(number));
  else bytes.writeInt16BE(Number(number));
  return bytes;
}

// Arrays of fixed width in PostgreSQL's binary form, as in binary-array.ts, for those who know how many elements there
// will be and fill them in one loop over something else.

const int2 = 21;
const int4 = 23;
const int8 = 20;
const uuid = 2950;
const headerBytes = 20;

/** So many 2-byte numbers, to be filled by {@link putInt2}. */
export function int2Column(count: number): Buffer {
  return allocate(int2, count, count * 6);
}

export function putInt2(column: Buffer, index: number, value: number): void {
  const offset = headerBytes + index * 6;
  column.writeInt32BE(2, offset);
  column.writeInt16BE(value, offset + 4);
}

/** So many 4-byte numbers, to be filled by {@link putInt4}. */
export function int4Column(count: number): Buffer {
  return allocate(int4, count, count * 8);
}

export function putInt4(column: Buffer, index: number, value: number): void {
  const offset = headerBytes + index * 8;
  column.writeInt32BE(4, offset);
  column.writeInt32BE(value, offset + 4);
}

/** So many 8-byte numbers, to be filled by {@link putInt8}. */
export function int8Column(count: number): Buffer {
  return allocate(int8, count, count * 12);
}

export function putInt8(column: Buffer, index: number, value: bigint): void {
  const offset = headerBytes + index * 12;
  column.writeInt32BE(8, offset);
  column.writeBigInt64BE(value, offset + 4);
}

/** So many uuids, to be filled by {@link putUuid}. */
export function uuidColumn(count: number): Buffer {
  return allocate(uuid, count, count * 20);
}

/** @param value with or without hyphens, upper or lower case; checked before */
export function putUuid(column: Buffer, index: number, value: string): void {
  let offset = headerBytes + index * 20;
  column.writeInt32BE(16, offset);
  offset += 4;
  for (let at = 0; at < value.length; at += 2) {
    let high = value.charCodeAt(at);
    if (high === hyphen) {
      at += 1;
      high = value.charCodeAt(at);
    }
    column[offset] = (digit(high) << 4) | digit(value.charCodeAt(at + 1));
    offset += 1;
  }
}

const hyphen = 0x2d;

// Letters carry bit 6 and their place in the alphabet, digits their value.
function digit(code: number): number {
  return (code & 0xf) + (code >> 6) * 9;
}

function allocate(elementType: number, count: number, bytes: number): Buffer {
  const column = Buffer.allocUnsafe(count === 0 ? 12 : headerBytes + bytes);
  column.writeInt32BE(count === 0 ? 0 : 1, 0);
  column.writeInt32BE(0, 4);
  column.writeInt32BE(elementType, 8);
  if (count > 0) {
    column.writeInt32BE(count, 12);
    column.writeInt32BE(1, 16);
  }
  return column;
}

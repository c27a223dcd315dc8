// One-dimensional arrays in PostgreSQL's binary form: the driver sends a Buffer as a binary parameter, which spares
// both sides the text of every number and the escaping of every string.

const int4 = 23;
const int8 = 20;
const text = 25;
const bytea = 17;
const uuid = 2950;
const headerBytes = 20;

export function int4Array(values: readonly number[]): Buffer {
  const buffer = fixedWidth(int4, values.length, 4);
  values.forEach((value, index) => buffer.writeInt32BE(value, headerBytes + 4 + index * 8));
  return buffer;
}

export function int8Array(values: readonly bigint[]): Buffer {
  const buffer = fixedWidth(int8, values.length, 8);
  values.forEach((value, index) => buffer.writeBigInt64BE(value, headerBytes + 4 + index * 12));
  return buffer;
}

export function uuidArray(values: readonly (string | null)[]): Buffer {
  return variableWidth(
    uuid,
    values.map((value) => (value === null ? null : Buffer.from(value.replaceAll("-", ""), "hex"))),
  );
}

export function textArray(values: readonly (string | null)[]): Buffer {
  let bytes = 0;
  // Three bytes are the most that a unit of UTF-16 takes.
  for (const value of values) bytes += 4 + (value === null ? 0 : value.length * 3);
  const array = allocate(text, values.length, bytes, values.includes(null));
  let offset = values.length === 0 ? array.length : headerBytes;
  for (const value of values) {
    const length = value === null ? -1 : array.write(value, offset + 4);
    array.writeInt32BE(length, offset);
    offset += 4 + Math.max(length, 0);
  }
  return array.subarray(0, offset);
}

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return variableWidth(bytea, values);
}

function fixedWidth(elementType: number, count: number, width: number): Buffer {
  const buffer = allocate(elementType, count, count * (4 + width), false);
  for (let index = 0; index < count; index += 1)
    buffer.writeInt32BE(width, headerBytes + index * (4 + width));
  return buffer;
}

function variableWidth(elementType: number, values: readonly (Uint8Array | null)[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += 4 + (value?.length ?? 0);
  const buffer = allocate(elementType, values.length, bytes, values.includes(null));
  let offset = headerBytes;
  for (const value of values) {
    offset = buffer.writeInt32BE(value?.length ?? -1, offset);
    if (value === null) continue;
    buffer.set(value, offset);
    offset += value.length;
  }
  return buffer;
}

function allocate(elementType: number, count: number, bytes: number, hasNulls: boolean): Buffer {
  const dimensions = count === 0 ? 0 : 1;
  const buffer = Buffer.allocUnsafe(count === 0 ? 12 : headerBytes + bytes);
  buffer.writeInt32BE(dimensions, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(elementType, 8);
  if (count > 0) {
    buffer.writeInt32BE(count, 12);
    buffer.writeInt32BE(1, 16);
  }
  return buffer;
}

/** A bigint as the shortest big-endian two's complement, at least one byte. */
export function bytesFromBigint(value: bigint): Uint8Array {
  if (value >= -0x8000_0000n && value < 0x8000_0000n) return bytesFromInt32(Number(value));
  const magnitude = value < 0n ? -value - 1n : value;
  const size = Math.floor(magnitude.toString(16).length / 2) + 1;
  const hex = BigInt.asUintN(size * 8, value)
    .toString(16)
    .padStart(size * 2, "0");
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  const isShort = bytes.length === 1 || signOf(bytes[1] ?? 0) !== (bytes[0] ?? 0);
  return isShort ? bytes : bytes.subarray(1);
}

/** The byte that may stand before a byte without changing the number. */
function signOf(byte: number): number {
  return byte < 0x80 ? 0 : 0xff;
}

function bytesFromInt32(value: number): Uint8Array {
  if (value >= -0x80 && value < 0x80) return Uint8Array.of(value);
  if (value >= -0x8000 && value < 0x8000) return Uint8Array.of(value >> 8, value);
  if (value >= -0x80_0000 && value < 0x80_0000) return Uint8Array.of(value >> 16, value >> 8, value);
  return Uint8Array.of(value >> 24, value >> 16, value >> 8, value);
}

/** Reads big-endian two's complement; no bytes are zero. */
export function bigintFromBytes(bytes: Uint8Array): bigint {
  const { length } = bytes;
  if (length === 0) return 0n;
  if (length <= 6) {
    let value = (bytes[0] ?? 0) < 0x80 ? 0 : -1;
    for (const byte of bytes) value = value * 0x100 + byte;
    return BigInt(value);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  if (length === 8) return view.readBigInt64BE();
  return BigInt.asIntN(length * 8, BigInt(`0x${view.toString("hex")}`));
}

/** A bigint as the shortest big-endian two's complement, at least one byte. */
export function bytesFromBigint(value: bigint): Buffer {
  if (BigInt.asIntN(48, value) === value) return bytesFromInteger(Number(value));
  const magnitude = value < 0n ? ~value : value;
  // One bit more than the magnitude has, for the sign.
  const size = Math.floor(bitLength(magnitude) / 8) + 1;
  const digits = BigInt.asUintN(size * 8, value).toString(16);
  return Buffer.from(digits.padStart(size * 2, "0"), "hex");
}

function bitLength(magnitude: bigint): number {
  const digits = magnitude.toString(16);
  return digits.length * 4 - (Math.clz32(Number.parseInt(digits.slice(0, 1), 16)) - 28);
}

/** The same for an integer of 48 bits. */
function bytesFromInteger(value: number): Buffer {
  let size = 1;
  for (let limit = 0x80; value >= limit || value < -limit; limit *= 0x100) size += 1;
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeIntBE(value, 0, size);
  return bytes;
}

/** Reads big-endian two's complement; no bytes are zero. */
export function bigintFromBytes(bytes: Buffer): bigint {
  const { length } = bytes;
  if (length === 0) return 0n;
  if (length <= 6) return BigInt(bytes.readIntBE(0, length));
  if (length === 8) return bytes.readBigInt64BE();
  return BigInt.asIntN(length * 8, BigInt(`0x${bytes.toString("hex")}`));
}
